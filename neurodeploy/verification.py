"""Verification: each stage held against the next, and the first divergence named.

training = golden   what the network computed while training is the program's integers
golden = fast       the fast engine is the golden interpreter
program = artifact  what the artifact's files hold is the program that was exported
golden = <name>     the vendor's simulator, run on the artifact, computes the program
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact, program_hashes
from neurodeploy.compare import compare
from neurodeploy.errors import SimulatorError, SimulatorScopeError, UnknownNameError
from neurodeploy.operations import operations
from neurodeploy.program import Neuron, Node, Program
from neurodeploy.report import LayerSummary, Link, Report, Status
from neurodeploy.simulator import run_golden, simulate
from neurodeploy.simulator.samples import checked_samples
from neurodeploy.target import (
    ChoosesSimulators,
    ComparesRuns,
    Simulation,
    Target,
    on_chip,
    target,
)
from neurodeploy.trace import LayerTrace, Trace, accuracy

# A report draws pictures of so many samples.
_PICTURED = 4
# The word for every simulator that a target has.
ALL = "all"

Progress = Callable[[str], None]


def verify(
    artifact: Artifact,
    samples: NDArray[Any],
    *,
    labels: NDArray[Any] | None = None,
    model: Any = None,
    program: Program | None = None,
    held: Program | None = None,
    simulator: str | None = None,
    simulation: Simulation | None = None,
    progress: Progress | None = None,
) -> Report:
    """Every link that the given parts allow, over samples (T, N, ...).

    `model` is a torch network and `program` what it lowers to; without them the program is what
    the artifact holds (`held`, where it was read already), and the link to training is left out.
    Unless one is named, the simulators are the target's choice, or its first; "none" leaves that
    link out, and "all" asks every simulator of the target that knows what the network needs. With
    labels the report shows accuracies.

    Raises:
        SamplesError: if the samples do not fit the network.
        ArtifactError: if the artifact cannot be read.
    """
    say = progress or (lambda _: None)
    chip = target(artifact.target)
    held = chip.read(artifact) if held is None else held
    expected = held if program is None else program
    inputs = checked_samples(expected, samples)
    say("golden interpreter")
    started = time.perf_counter()
    golden = run_golden(expected, inputs)
    golden_seconds = time.perf_counter() - started
    trained = _training(model, expected, golden, inputs, say)
    fast = _fast(expected, golden, inputs, say)
    structure = _structure(artifact, held, program)
    asked = _Asked(chip, artifact, expected, inputs, golden, simulation or Simulation(), say)
    simulated = _every_simulated(asked, simulator)
    seen = next((outcome.trace for outcome in simulated if outcome.trace is not None), None)
    return Report(
        title=f"{artifact.path or 'network'} on {artifact.target}",
        links=(trained.link, fast.link, structure, *(each.link for each in simulated)),
        layers=_layers(expected, golden),
        facts=_facts(artifact, expected, inputs, golden_seconds),
        trace=_pictured(golden),
        on_chip=on_chip(chip, expected, operations(expected, golden, inputs)),
        accuracies=_accuracies(trained.trace or golden, seen, labels),
    )


def _accuracies(
    quantized: Trace, chip: Trace | None, labels: NDArray[Any] | None
) -> dict[str, float]:
    """The share of samples that each gets right; nothing where nobody knows."""
    if labels is None:
        return {}
    traces = {"quantized": quantized} | ({} if chip is None else {"chip": chip})
    return {name: accuracy(trace.output, labels) for name, trace in traces.items()}


@dataclass(frozen=True)
class _Outcome:
    """A link, and the trace that was held against the golden one."""

    link: Link
    trace: Trace | None = None
    # Whether the simulator said that it does not know what the network needs.
    beyond: bool = False


@dataclass(frozen=True)
class _Asked:
    """What every simulator is held against."""

    chip: Target
    artifact: Artifact
    program: Program
    inputs: NDArray[np.int64]
    golden: Trace
    simulation: Simulation
    say: Progress

    def runs(self, name: str) -> tuple[Trace, Trace]:
        """What the golden interpreter and a simulator make of one run."""
        simulation = self.simulation
        if simulation.progress is None:
            simulation = replace(simulation, progress=self.say)
        if isinstance(self.chip, ComparesRuns):
            return self.chip.compared_runs(
                self.artifact,
                self.program,
                self.inputs,
                self.golden,
                simulator=name,
                simulation=simulation,
            )
        trace = self.chip.simulate(
            self.artifact, self.inputs, simulator=name, simulation=simulation
        )
        return self.golden, trace


def _every_simulated(asked: _Asked, simulator: str | None) -> list[_Outcome]:
    """One outcome a simulator that was asked for."""
    chip = asked.chip
    if simulator is None and isinstance(chip, ChoosesSimulators):
        return [_simulated(asked, name) for name in chip.default_simulators]
    if simulator != ALL:
        return [_simulated(asked, simulator)]
    outcomes = [_simulated(asked, name) for name in chip.simulators or ("none",)]
    # Of all simulators, one that does not know what a network needs is not asked for it.
    return [
        replace(outcome, link=replace(outcome.link, requested=False)) if outcome.beyond else outcome
        for outcome in outcomes
    ]


def _training(
    model: Any, program: Program, golden: Trace, inputs: NDArray[np.int64], say: Progress
) -> _Outcome:
    name = "training = golden"
    if model is None:
        reason = "no model was given"
        return _Outcome(
            Link(name, Status.NOT_RUN, reason=reason, remedy="--model", requested=False)
        )
    say("training forward")
    # torch is imported only where a torch network is given.
    from neurodeploy.frontend.training import training_trace

    started = time.perf_counter()
    trained = training_trace(model, program, inputs)
    return _Outcome(compare(name, trained, golden, time.perf_counter() - started), trained)


def _fast(program: Program, golden: Trace, inputs: NDArray[np.int64], say: Progress) -> _Outcome:
    say("fast engine")
    started = time.perf_counter()
    fast = simulate(program, inputs, engine="fast")
    return _Outcome(compare("golden = fast", golden, fast, time.perf_counter() - started), fast)


def _structure(artifact: Artifact, held: Program, program: Program | None) -> Link:
    """The exported program against what the files hold, number by number or hash by hash."""
    name, started = "program = artifact", time.perf_counter()
    count = held.parameter_count()
    if program is not None:
        reason = _program_difference(program, held, foreign=artifact.foreign)
    elif artifact.foreign:
        return Link(
            name,
            Status.NOT_RUN,
            reason="a bare file has no manifest, and no model was given",
            remedy="--model",
            requested=False,
        )
    else:
        reason = _hash_difference(artifact, held)
    reason = reason or (artifact.edited[0] if artifact.edited else None)
    status = Status.EQUAL if reason is None else Status.DIFFERS
    return Link(name, status, count, seconds=time.perf_counter() - started, reason=reason)


def _program_difference(program: Program, held: Program, *, foreign: bool) -> str | None:
    if len(program.nodes) != len(held.nodes):
        return f"{len(program.nodes)} layers were exported, and the file has {len(held.nodes)}"
    names = {b.name: a.name for a, b in zip(program.nodes, held.nodes, strict=True)}
    for node, found_node in zip(program.nodes, held.nodes, strict=True):
        other = _as_told(found_node, node, names) if foreign else found_node
        if node == other:
            continue
        for label, values in _arrays(node).items():
            found = _arrays(other).get(label)
            if found is None or np.shape(found) != np.shape(values):
                return f"{node.name}.{label}: has another shape in the artifact"
            places = np.argwhere(np.asarray(values) != np.asarray(found))
            if len(places):
                index = tuple(int(i) for i in places[0])
                expected, got = int(values[index]), int(found[index])
                return f"{node.name}.{label}{list(index)}: expected {expected}, got {got}"
        return f"{node.name}: is another layer in the artifact"
    return None


def _as_told(node: Node, place: Node, names: Mapping[str, str]) -> Node:
    """A bare file's node under the names and in the unit of the program, which no file holds."""
    changes: dict[str, Any] = {"name": names[node.name]}
    edges = tuple(replace(edge, source=names[edge.source]) for edge in node.sources)
    if isinstance(node, Neuron):
        changes["inputs"] = edges
    elif edges:
        changes["source"] = edges[0]
    if hasattr(node, "exponent"):
        changes["exponent"] = getattr(place, "exponent", 0)
    return replace(node, **changes)


def _arrays(node: Any) -> Mapping[str, Any]:
    if isinstance(node, Neuron):
        return node.parameters
    weight = getattr(node, "weight", None)
    return {} if weight is None else {"weight": weight}


def _hash_difference(artifact: Artifact, held: Program) -> str | None:
    hashes = program_hashes(held)
    if hashes["sha256"] == artifact.program.get("sha256"):
        return None
    before = artifact.program.get("nodes", {})
    changed = [name for name, value in hashes["nodes"].items() if before.get(name) != value]
    return f"{changed[0] if changed else 'the network'}: is not what was exported"


def _simulated(asked: _Asked, simulator: str | None) -> _Outcome:
    chip = asked.chip
    name = simulator or next(iter(chip.simulators), "none")
    if name == "none":
        reason = "left out by request" if simulator else f"{chip.name} has no simulator"
        return _Outcome(Link("golden = simulator", Status.NOT_RUN, reason=reason, requested=False))
    if name not in chip.simulators:
        known = ", ".join(chip.simulators) or "none"
        raise UnknownNameError(f"no simulator {name!r} for {chip.name}; there are: {known}")
    asked.say(f"simulator {name}")
    started = time.perf_counter()
    try:
        golden, trace = asked.runs(name)
    except SimulatorError as error:
        failed = Link(f"golden = {name}", Status.NOT_RUN, log=error.log)
        failed = replace(failed, reason=error.message, remedy=error.remedy)
        return _Outcome(failed, beyond=isinstance(error, SimulatorScopeError))
    seconds = time.perf_counter() - started
    if len(trace.layers) != len(golden.layers):
        reason = f"{name} shows {len(trace.layers)} layers of {len(golden.layers)}"
        return _Outcome(Link(f"golden = {name}", Status.DIFFERS, seconds=seconds, reason=reason))
    # The simulator knows layers by their place, as the file does.
    layers = {layer: trace[other] for layer, other in zip(golden, trace, strict=True)}
    renamed = Trace(layers, golden.output_layer)
    link = compare(f"golden = {name}", golden, renamed, seconds)
    # What an accuracy is told of is a run of the samples themselves.
    return _Outcome(link, renamed if golden is asked.golden else None)


def _layers(program: Program, golden: Trace) -> tuple[LayerSummary, ...]:
    summaries = []
    for node in program.layers:
        spikes = golden[node.name].s
        shape = program.shapes[node.name]
        summaries.append(
            LayerSummary(
                node.name,
                node.equations.name,
                shape,
                int(np.prod(shape)),
                int(np.count_nonzero(spikes)),
                float(np.count_nonzero(spikes) / spikes.size),
            )
        )
    return tuple(summaries)


def _facts(
    artifact: Artifact, program: Program, inputs: NDArray[np.int64], seconds: float
) -> dict[str, str]:
    steps, count = inputs.shape[:2]
    facts = {
        "target": artifact.target,
        "artifact": str(artifact.path) if artifact.path else "in memory",
        "program": program.sha256,
        "model": artifact.model_sha256 or "not recorded",
        "samples": f"{count} of {steps} steps, input {tuple(inputs.shape[2:])}",
        "weights": str(program.parameter_count()),
        "golden interpreter": f"{seconds:.2f} s",
    }
    return facts | artifact.tools


def _pictured(golden: Trace) -> Trace:
    layers = {
        name: LayerTrace({key: value[:, :_PICTURED] for key, value in golden[name].values.items()})
        for name in golden
    }
    return Trace(layers, golden.output_layer)
