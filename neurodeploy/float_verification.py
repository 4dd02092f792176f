"""Verification of a network in floats: each stage held against the next, within a tolerance.

training = graph   what the network computes in torch, and the graph in double precision
graph = artifact   the graph that the artifact's files hold is the one that was exported
graph = <name>     a simulator, run on the artifact, computes the graph
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact, program_hashes
from neurodeploy.compare import Tolerance, compare_within
from neurodeploy.errors import SimulatorError, UnknownNameError
from neurodeploy.graph import Graph
from neurodeploy.report import LayerSummary, Link, Report, Status
from neurodeploy.simulator.floats import checked_floats, run_floats
from neurodeploy.target import Simulation, TakesFloats, Target
from neurodeploy.trace import Trace, accuracy

TOLERANCE = Tolerance()
# Every simulator of the target.
ALL = "all"


def verify_floats(
    chip: Target,
    artifact: Artifact,
    samples: Any,
    *,
    labels: NDArray[Any] | None = None,
    model: Any = None,
    graph: Graph | None = None,
    simulator: str | None = None,
    simulation: Simulation,
) -> Report:
    """Every link that the given parts allow, over samples (T, N, ...).

    Raises:
        SamplesError: if the samples do not fit the network.
        ArtifactError: if the artifact cannot be read.
    """
    assert isinstance(chip, TakesFloats)
    held = chip.read_graph(artifact)
    expected = held if graph is None else graph
    inputs = checked_floats(expected, samples)
    say = simulation.progress or (lambda _: None)
    say("double precision")
    wanted = run_floats(expected, inputs)
    say("training forward")
    trained, seen = _training(model, expected, wanted, inputs)
    outcomes = [
        _simulated(chip, artifact, wanted, inputs, name, simulation)
        for name in (chip.simulators if simulator == ALL else (simulator,))
    ]
    traces = {"float": seen or wanted, "chip": outcomes[0][1]}
    accuracies = {
        name: accuracy(trace.output, labels)
        for name, trace in traces.items()
        if labels is not None and trace is not None
    }
    return Report(
        title=f"{artifact.path or 'network'} on {artifact.target}",
        links=(trained, _structure(artifact, held, graph), *(link for link, _ in outcomes)),
        layers=_layers(expected, wanted),
        facts=_facts(artifact, expected, inputs),
        accuracies=accuracies,
    )


def _training(
    model: Any, graph: Graph, wanted: Trace, inputs: NDArray[np.float64]
) -> tuple[Link, Trace | None]:
    name = "training = graph"
    if model is None:
        reason = "no model was given"
        link = Link(name, Status.NOT_RUN, reason=reason, remedy="--model", requested=False)
        return link, None
    # torch is imported only where a torch network is given.
    from neurodeploy.frontend.training import float_trace

    started = time.perf_counter()
    trained = float_trace(model, graph, inputs)
    return compare_within(name, trained, wanted, time.perf_counter() - started, TOLERANCE), trained


def _structure(artifact: Artifact, held: Graph, graph: Graph | None) -> Link:
    """The exported graph against what the files hold."""
    name, started, count = "graph = artifact", time.perf_counter(), held.parameter_count()
    reason = artifact.edited[0] if artifact.edited else None
    if graph is None and artifact.foreign:
        reason = "a bare file has no manifest, and no model was given"
        return Link(name, Status.NOT_RUN, reason=reason, remedy="--model", requested=False)
    hashes = program_hashes(held)
    before = program_hashes(graph)["nodes"] if graph else artifact.program.get("nodes", {})
    changed = [node for node, value in hashes["nodes"].items() if before.get(node) != value] or [
        node for node in before if node not in hashes["nodes"]
    ]
    if changed:
        reason = f"{changed[0]}: is not what was exported"
    status = Status.EQUAL if reason is None else Status.DIFFERS
    return Link(name, status, count, seconds=time.perf_counter() - started, reason=reason)


def _simulated(
    chip: Target,
    artifact: Artifact,
    wanted: Trace,
    inputs: NDArray[np.float64],
    simulator: str | None,
    simulation: Simulation,
) -> tuple[Link, Trace | None]:
    name = simulator or next(iter(chip.simulators), "none")
    if name == "none":
        link = Link("graph = simulator", Status.NOT_RUN, reason="left out by request")
        return replace(link, requested=False), None
    if name not in chip.simulators:
        known = ", ".join(chip.simulators) or "none"
        raise UnknownNameError(f"no simulator {name!r} for {chip.name}; there are: {known}")
    if simulation.progress is not None:
        simulation.progress(f"simulator {name}")
    started = time.perf_counter()
    try:
        found = chip.simulate(artifact, inputs, simulator=name, simulation=simulation)
    except SimulatorError as error:
        link = Link(f"graph = {name}", Status.NOT_RUN, reason=error.message, remedy=error.remedy)
        return replace(link, log=error.log), None
    seconds = time.perf_counter() - started
    layers = {layer: found[other] for layer, other in zip(wanted, found, strict=True)}
    renamed = Trace(layers, wanted.output_layer)
    return compare_within(f"graph = {name}", wanted, renamed, seconds, TOLERANCE), renamed


def _layers(graph: Graph, trace: Trace) -> tuple[LayerSummary, ...]:
    return tuple(
        LayerSummary.of(node.name, node.equations.name, trace[node.name]) for node in graph.layers
    )


def _facts(artifact: Artifact, graph: Graph, inputs: NDArray[np.float64]) -> dict[str, str]:
    steps, count = inputs.shape[:2]
    return {
        "target": artifact.target,
        "artifact": str(artifact.path) if artifact.path else "in memory",
        "exact": f"no, in floats: {TOLERANCE.words()}",
        "graph": graph.sha256,
        "model": artifact.model_sha256 or "not recorded",
        "samples": f"{count} of {steps} steps, input {tuple(inputs.shape[2:])}",
        "weights": str(graph.parameter_count()),
    }
