"""The reading that a float network's file is written for: the specification's, or a framework's.

Neurons that were read by a framework's profile have that framework's own equations. They go back to
the primitives that they came from, and the file is marked with the profile: it means the network as
that framework reads it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurodeploy.data.structure import Shape
from neurodeploy.errors import DoesNotFitError, NeurodeployError, ValidationError
from neurodeploy.graph import Graph, Neuron
from snncore.dynamics.zoo.readout import LAST
from targets.nir.floats.elementwise import elementwise
from targets.nir.floats.neurons import Single, is_specified, primitive_of
from targets.nir.foreign.network import NirNode
from targets.nir.foreign.neurons.cell import Cell, Layer
from targets.nir.foreign.neurons.written import Form
from targets.nir.foreign.profiles import PROFILES, SPEC, Profile

_REMEDY = "keep the numbers that it was read with, or use --target onnx"


def profile_of(graph: Graph) -> Profile:
    """Return the reading that every neuron of a graph is written for: the specification's if it is.

    Raises:
        DoesNotFitError: if each has one, and not all the same; names a layer of another.
    """
    layers = [
        node
        for node in graph.layers
        if not node.equations.same_computation(LAST) and elementwise(node) is None
    ]
    own = [node for node in layers if not is_specified(node)]
    owners = [[p for p in PROFILES.values() if _form(p, node)] for node in own]
    if not own or not all(owners):
        return PROFILES[SPEC]
    whole = [p for p in owners[0] if all(_form(p, node) for node in layers)]
    if not whole:
        first = owners[0][0]
        other = next(node for node in layers if _form(first, node) is None)
        raise DoesNotFitError(
            f"{other.name}: does not compute as {first.title} does, as {own[0].name} does, "
            "and a file of NIR is read in one way",
            remedy="convert the whole network with one --profile, or use --target onnx",
        )
    return whole[0]


def seconds_for(profile: Profile, dt: float) -> float:
    """Return the seconds of a step by a reading: 1 where its time constants count steps.

    Raises:
        ValidationError: if its framework fixes others.
    """
    if profile.dt is None or profile.in_steps:
        return profile.dt or dt
    if dt != profile.dt:
        raise ValidationError(
            f"option dt: {profile.title}, as which this network computes, takes a step of "
            f"{profile.dt:g} s",
            remedy=f"leave it out, or give dt={profile.dt:g}",
        )
    return dt


def written_neurons(
    node: Neuron, shape: Shape, profile: Profile, dt: float
) -> tuple[str, Mapping[str, Single]]:
    """Return the primitive of a layer of neurons, and its numbers, for a reading.

    Raises:
        DoesNotFitError: if it has none, or its framework would take other numbers; names it.
    """
    form = _form(profile, node)
    if form is None:
        return primitive_of(node, shape, dt)
    own = {
        key: np.broadcast_to(value, shape).astype(np.float32)
        for key, value in node.parameters.items()
    }
    numbers = {
        key: np.broadcast_to(value, shape).astype(np.float32)
        for key, value in form.write(own, dt).items()
    }
    try:
        read = profile.cells[form.kind](Layer(NirNode(node.name, form.kind, numbers), shape, dt))
    except NeurodeployError as error:
        raise DoesNotFitError(error.message, remedy=error.remedy) from error
    _require_same(node, read, profile)
    return form.kind, numbers


def _form(profile: Profile, node: Neuron) -> Form | None:
    """Return the form of a layer's equations in a reading, if it has one."""
    same = (form for form in profile.forms if form.equations.same_computation(node.equations))
    return next(same, None)


def _require_same(node: Neuron, read: Cell, profile: Profile) -> None:
    """Check that a reading makes the same neurons of what is written.

    Raises:
        DoesNotFitError: if not; names the number.
    """
    if not read.equations.same_computation(node.equations):
        raise DoesNotFitError(
            f"{node.name}: with its numbers, {profile.title} computes it in another order",
            remedy=_REMEDY,
        )
    if read.initial:
        state, start = next(iter(read.initial.items()))
        raise DoesNotFitError(
            f"{node.name}: {profile.title} starts its {state} at {start:g}, and this layer at 0",
            remedy=_REMEDY,
        )
    for name, value in node.parameters.items():
        taken: Single = np.asarray(read.parameters[name])
        if name in read.exponentials:
            taken = np.exp(taken)
        if not np.allclose(taken, value, rtol=1e-6, atol=0):
            raise DoesNotFitError(
                f"{node.name}: no numbers of NIR have {profile.title} take its {name}",
                remedy=_REMEDY,
            )
