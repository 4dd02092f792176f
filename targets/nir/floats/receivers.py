"""The frameworks that would read a float network otherwise than it is, or not at all.

Each framework's reading of NIR is a profile here; what it makes of a layer is compared with what
the file says, in exact arithmetic. Last bits are another matter: every receiver may round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from neurodeploy.errors import NeurodeployError
from neurodeploy.graph import Graph, Neuron, Node
from neurodeploy.target import Finding, Severity
from snncore.dynamics.zoo.readout import LAST
from targets.nir.file.tree import Edges, Tree
from targets.nir.floats.described import described
from targets.nir.floats.elementwise import elementwise
from targets.nir.floats.neurons import form_of
from targets.nir.floats.profiled import profile_of
from targets.nir.foreign.network import NirNode
from targets.nir.foreign.neurons.cell import Layer, Summary
from targets.nir.foreign.order import NEURONS
from targets.nir.foreign.profiles import ABOVE, AT, PROFILES, SPEC, Profile
from targets.nir.graph.names import Names
from targets.nir.simulators.receivers.run import RECEIVERS

_REMEDY = "docs/nir-receivers.md says what each receiver takes"
_EXPORT = "keep this file, rather than one that comes back"
_ENDS = ("Input", "Output")
# Who means a file fires at the threshold, and who reads it above.
_SPLIT = (AT, ABOVE)
# Who fails on a loop of edges, and how.
_NO_LOOPS = {"snntorch": "takes no loop of edges"}
# Who fails on which neurons of images.
_OF_ONE_AXIS = {"sinabs": ("LI", "LIF")}
# What a framework's own export makes of nodes that it reads well, by their kind.
_BACK = {
    "norse": {
        **dict.fromkeys(("LIF", "LI"), "multiplies time constants by dt once too often"),
        "CubaLIF": "cannot write a CubaLIF",
    }
}


def receiver_findings(
    graph: Graph, nodes: Mapping[str, Tree], edges: Edges, dt: float
) -> Iterator[Finding]:
    """Yield a warning for each framework that computes another network, or none."""
    names = {theirs: ours for ours, theirs in Names(n.name for n in graph.nodes).of.items()}
    meant = profile_of(graph)
    strict = {name for name, ours in names.items() if _is_strict(graph.by_name[ours], meant)}
    sources: dict[str, list[str]] = {}
    for source, reader in edges:
        sources.setdefault(reader, []).append(source)
    looped = _looped(edges)
    for receiver in RECEIVERS:
        profile = PROFILES[receiver]
        for name, members in nodes.items():
            node = _node(name, members)
            reason = _reason(profile, node, meant, dt)
            if reason is None and name in strict and profile.fires == AT:
                reason = "fires at the threshold, and this layer above it"
            if reason is None and node.kind in NEURONS and (meant.fires, profile.fires) == _SPLIT:
                reason = "fires above the threshold, and this layer at it"
            # A loop's way back is added as it should be.
            outside = [s for s in sources.get(name, ()) if not looped.issuperset((name, s))]
            if reason is None and receiver == "norse" and len(outside) > 1:
                reason = "adds several sources up otherwise"
            if reason is None and name in looped:
                reason = _of_loops(receiver, profile, node, meant)
            if reason is not None:
                words = reason if reason.startswith(profile.title) else f"{profile.title} {reason}"
                yield Finding(Severity.WARNING, names.get(name, name), words, _REMEDY)
                break
        else:
            yield from _back(profile, receiver, nodes, names)


def _looped(edges: Edges) -> set[str]:
    """Return the nodes that read themselves, directly or not."""
    readers: dict[str, set[str]] = {}
    for source, reader in edges:
        readers.setdefault(source, set()).add(reader)

    def behind(name: str) -> set[str]:
        pending, reached = [name], set[str]()
        while pending:
            more = readers.get(pending.pop(), set()) - reached
            reached |= more
            pending += more
        return reached

    return {name for name in readers if name in behind(name)}


def _of_loops(receiver: str, profile: Profile, node: NirNode, meant: Profile) -> str | None:
    """Return what a framework does otherwise with a node in a loop, if anything."""
    if receiver in _NO_LOOPS:
        return _NO_LOOPS[receiver]
    biased = node.kind not in NEURONS and bool(node.numbers.get("bias", np.zeros(1)).any())
    if biased and profile.bias_at_start != meant.bias_at_start:
        counts = "counts" if profile.bias_at_start else "does not count"
        return f"{counts} the bias of a loop in the first step"
    return None


def _back(
    profile: Profile, receiver: str, nodes: Mapping[str, Tree], names: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield a warning of a framework that reads the network well and exports another one."""
    kinds = _BACK.get(receiver, {})
    for name, members in nodes.items():
        if str(members["type"]) in kinds:
            words = f"{profile.title} reads this, and its own export does not write it again: it "
            words += kinds[str(members["type"])]
            yield Finding(Severity.WARNING, names.get(name, name), words, _EXPORT)
            return


def _node(name: str, members: Tree) -> NirNode:
    values: Mapping[str, Any] = members
    numbers = {key: np.asarray(value) for key, value in values.items() if key != "type"}
    return NirNode(name, str(values["type"]), numbers)


def _is_strict(node: Node, meant: Profile) -> bool:
    # NIR has no node for the sums at a network's end, and others than neurons beside.
    if not isinstance(node, Neuron) or node.equations.same_computation(LAST):
        return False
    if elementwise(node) is not None:
        return False
    if meant.name != SPEC:
        return meant.fires == ABOVE
    return described(node) is not None or bool(form_of(node).strict)


def _reason(profile: Profile, node: NirNode, meaning: Profile, dt: float) -> str | None:
    """Return what a framework does with a node otherwise than it is meant, if anything."""
    if node.kind in _ENDS:
        return None
    if node.kind not in NEURONS:
        return profile.changes(node.kind, node.numbers)
    if node.kind not in profile.cells:
        return f"does not read a {node.kind}"
    if node.kind in _OF_ONE_AXIS.get(profile.name, ()) and node.array("r").ndim > 1:
        return f"fails on a {node.kind} of more than one axis"
    layer = Layer(node, node.array("r").shape, profile.dt or dt)
    try:
        read = profile.cells[node.kind](layer)
    except NeurodeployError as error:
        return error.message.removeprefix(f"{node.name}: ")
    meant = meaning.cells[node.kind](Layer(node, layer.shape, dt))
    if _alike(meant.summary, read.summary):
        return None
    notes = [note.removeprefix(f"{node.name}: ") for note in read.notes]
    return f"computes other neurons: {'; '.join(notes) or profile.words()}"


def _alike(meant: Summary, read: Summary) -> bool:
    """Return whether two layers fire alike in exact arithmetic, whatever their voltage's unit."""
    if meant.reset != read.reset or (meant.threshold is None) != (read.threshold is None):
        return False
    currents = [0.0 if form.current is None else form.current for form in (meant, read)]
    pairs = [(meant.leak, read.leak), (currents[0], currents[1])]
    return all(np.allclose(one, other, rtol=1e-5, atol=1e-7) for one, other in pairs) and all(
        np.allclose(one, other, rtol=1e-5, atol=1e-7)
        for one, other in zip(_in_thresholds(meant), _in_thresholds(read), strict=True)
    )


def _in_thresholds(form: Summary) -> tuple[Any, ...]:
    """Return a layer's numbers of voltage in units of its threshold."""
    unit = 1.0 if form.threshold is None else np.asarray(form.threshold, np.float64)
    rest = 0.0 if form.rest is None else form.rest
    return tuple(np.asarray(value) / unit for value in (form.gain, form.bias, rest))
