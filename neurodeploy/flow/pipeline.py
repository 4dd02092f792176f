"""The path from a network to its artifact and its proof: the interface of commands and scripts."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import lowering, simulator, target, verification
from neurodeploy.artifact import Artifact, Folder
from neurodeploy.data.files import digest_of
from neurodeploy.data.samples_file import read_samples as read_samples
from neurodeploy.errors import DoesNotFitError, UnknownNameError
from neurodeploy.flow.inputs import LoadedModel, RandomSamples, drawn_samples
from neurodeploy.flow.lowered import Lowered, checked, float_target, lowered_for
from neurodeploy.flow.proving import with_proofs
from neurodeploy.flow.reading import is_foreign, read_file, require_no_reading
from neurodeploy.graph import Graph
from neurodeploy.program import Program
from neurodeploy.report import Report
from neurodeploy.simulator.floats import checked_floats, run_floats
from neurodeploy.simulator.samples import checked_samples, warn_of_values
from neurodeploy.target import (
    Finding,
    Simulation,
    Target,
    lowered,
    naming,
    restructured,
)
from neurodeploy.trace import Trace
from snncore.dynamics.sent import sends_spikes

Place = str | os.PathLike[str]


def lower(network: Any, *, example: Any = None, target: str | None = None) -> Program:
    """Return the integer program of a torch network; check it if a target is named.

    Raises:
        UnsupportedLayerError: if a layer cannot be part of a graph.
        DoesNotFitError: if a layer is not quantized, or the target cannot accept the program.

    Examples:
        >>> program = nd.lower(on_chip, example=x, target="loihi")
        >>> [neurons.name for neurons in program.layers]
        ['1']
    """
    # torch is imported only if a torch network is given.
    from neurodeploy.frontend import graph_of
    from neurodeploy.target import target as find

    graph = graph_of(network, example=example)
    if target is None:
        return lowering.lower(graph)
    program = lowered(graph, find(target))
    check(program, target)
    return program


def check(program: Program | Graph, name: str) -> tuple[Finding, ...]:
    """Return a target's warnings about a program, or about a graph in floats.

    Raises:
        DoesNotFitError: if the target refuses it; lists the reasons, with remedies.

    Examples:
        >>> nd.check(nd.lower(on_chip, example=x), "onnx")
        ()
    """
    return checked(program, target.target(name))


def export(
    network: Any,
    *,
    target: str,
    path: Place,
    example: Any = None,
    model_file: Place | None = None,
    **options: Any,
) -> Artifact:
    """Write the network's artifact for a target to a folder, whole or not at all, and return it.

    Options are the target's own, such as `form="step"` for ONNX. The example gives the input's
    shape; a `SamplesWarning` is raised if the program does not accept its values, such as
    fractions where the network has no encoder.

    Raises:
        DoesNotFitError: if the target cannot accept the network.
        ValidationError: if the target has no such option.
        OutputError: if the folder cannot be written.

    Examples:
        >>> artifact = nd.export(on_chip, target="onnx", path="onnx", example=x, form="step")
        >>> sorted(artifact.files)
        ['network.onnx']
    """
    subject = lowered_for(target, network, example=example, model_file=model_file)
    if isinstance(subject.program, Program) and example is not None:
        warn_of_values(subject.program, example)
    return write(subject, path, options)


def write(subject: Lowered, path: Place, options: Mapping[str, Any]) -> Artifact:
    """Write a network's artifact to a folder, whole or not at all, and return it.

    Raises:
        DoesNotFitError: if the target cannot accept the network.
        ValidationError: if the target has no such option.
        OutputError: if the folder cannot be written.
    """
    artifact = compiled(subject.program, target=subject.chip.name, **options)
    return replace(artifact, model_sha256=subject.model_sha256).write(path)


def compiled(program: Program | Graph, *, target: str, **options: Any) -> Artifact:
    """Return the program's artifact for a target, in memory.

    Raises:
        DoesNotFitError: if the target cannot accept the program.
        ValidationError: if the target has no such option.
    """
    from neurodeploy.target import checked_options
    from neurodeploy.target import target as find

    chip = find(target)
    checked = checked_options(chip, options)
    if isinstance(program, Graph):
        artifact = float_target(chip).compile_graph(program, **checked)
    else:
        artifact = chip.compile(restructured(program, chip), **checked)
    # Options that a target does not record itself are recorded as they were given.
    return artifact if artifact.options else replace(artifact, options=checked)


def read(artifact: Artifact | Place) -> Program | Graph:
    """Return the program in an artifact or a vendor's bare file, or its graph if it is in floats.

    Raises:
        ArtifactError: if it cannot be read, or was edited since it was exported.

    Examples:
        >>> nd.read("chip") == nd.lower(on_chip, example=x)
        True
    """
    opened = artifact if isinstance(artifact, Artifact) else target.open_artifact(artifact)
    opened.require_unedited()
    with naming(opened):
        return verification.held_by(target.target(opened.target), opened)


def simulate(program: Program | Graph, samples: Any, engine: str = "golden") -> Trace:
    """Return the trace of samples (T, N, ...) by the golden interpreter or the fast engine.

    The program's input encoder rounds the samples first, if it has one. A float graph has one
    engine, in double precision.

    Raises:
        UnknownNameError: if there is no such engine.

    Examples:
        >>> trace = nd.simulate(nd.read("chip"), x, engine="fast")
        >>> trace["1"].s.shape
        (8, 2, 4)
    """
    if isinstance(program, Graph):
        if engine != "golden":
            raise UnknownNameError(f"floats run in golden or in a simulator, not in {engine}")
        return run_floats(program, samples)
    trace = simulator.simulate(program, checked_samples(program, samples), engine)
    return simulator.by_network_layer(program, trace)


def run_simulator(artifact: Artifact, samples: Any, name: str, simulation: Simulation) -> Trace:
    """Return the trace of samples (T, N, ...) by a vendor's simulator."""
    chip, network = target.target(artifact.target), read(artifact)
    inputs: NDArray[Any]
    if isinstance(network, Graph):
        inputs = checked_floats(network, samples)
    else:
        inputs = checked_samples(network, samples)
    trace = chip.simulate(artifact, inputs, simulator=name, simulation=simulation)
    if isinstance(network, Program):
        trace = target.finished(trace, network)
    # A simulator identifies layers by position, and does not know what they send.
    equations = [node.equations for node in network.layers]
    layers = {
        layer: replace(trace[layer], spiking=sends_spikes(each))
        for layer, each in zip(trace, equations, strict=False)
    }
    whole = replace(trace, layers=dict(trace.layers) | layers)
    return whole if isinstance(network, Graph) else simulator.by_network_layer(network, whole)


def verified(
    artifact: Artifact | Place,
    *,
    model: Any = None,
    samples: Any = None,
    labels: NDArray[Any] | None = None,
    simulator: str | None = None,
    simulation: Simulation | None = None,
    progress: Callable[[str], None] | None = None,
    proofs: bool = False,
    **reading: Any,
) -> Report:
    """Return the report on an artifact, over samples (T, N, ...) or seeded `RandomSamples`.

    A model is a torch network, a `LoadedModel`, one that was lowered already, or the path of its
    file. If its file is known, the report says if the artifact was exported from another one.
    Another writer's file is read as `convert` reads it, by `dt`, `profile` and its options.
    With `proofs`, the step of every layer is proved too, and stored certificates are checked.

    Raises:
        SamplesError: if the samples do not fit the network.
        ArtifactError: if the artifact cannot be read.
        ValidationError: if a file does not say what it needs, or takes no such word.
    """
    opened = artifact if isinstance(artifact, Artifact) else target.open_artifact(artifact)
    if isinstance(opened.files, Folder):
        # An artifact that was just exported is verified as it lies on the disk.
        opened = target.open_artifact(opened.path or "")
    how = simulation or Simulation()
    how = how if how.progress is not None else replace(how, progress=progress)
    if is_foreign(opened):
        file = read_file(opened, model, reading)
        samples = drawn_samples(file.foreign.graph, samples)
        asked: dict[str, Any] = {"labels": labels, "simulator": simulator, "simulation": how}
        return verification.verify_reading(file, samples, **asked)
    require_no_reading(opened, reading)
    if isinstance(model, str | os.PathLike):
        from neurodeploy.frontend import load

        model = LoadedModel(load(model), model)
    with naming(opened):
        subject = verification.subject_of(opened)
    whole = None if isinstance(samples, RandomSamples) else samples
    subject = replace(subject, original=_original(model, subject, whole))
    samples = drawn_samples(subject.expected, samples)
    report = verification.verify(
        subject, samples, labels=labels, simulator=simulator, simulation=how
    )
    return with_proofs(report, opened, how.progress) if proofs else report


def _original(model: Any, subject: verification.Subject, samples: Any) -> verification.Original:
    """Return the network that an artifact was exported from, in the form that it contains."""
    if model is None:
        return verification.Original()
    if isinstance(model, Lowered):
        return verification.Original(model.network, model.program, model.model_sha256)
    sha256 = None
    if isinstance(model, LoadedModel):
        model, sha256 = model.network, digest_of(Path(model.file))
    network = _network_of(model, subject.network, samples, subject.chip)
    return verification.Original(model, network, sha256)


def _network_of(
    model: Any, exported: Program | Graph, samples: Any, chip: Target
) -> Program | Graph:
    """Return the exported form of a torch network, of the kind that an artifact contains."""
    from neurodeploy.frontend import graph_of

    if isinstance(exported, Graph):
        shape = exported.input.shape if samples is None else tuple(np.shape(samples)[2:])
        return graph_of(model, shape=shape)
    graph = graph_of(model, shape=exported.input.shape)
    try:
        return lowered(graph, chip)
    except DoesNotFitError as error:
        if not lowering.in_floats(graph):
            raise
        remedy = "name the quantized model that was exported, with --model FILE"
        raise DoesNotFitError(error.message, remedy=remedy) from error
