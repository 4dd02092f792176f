"""The verification of another writer's file: others read it too, and compute the same.

<reading> = <name>   a simulator, given the very file, computes the network that we read in it

Spikes are compared bit for bit, voltages within a distance.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.graph import ForeignGraph
from neurodeploy.report import Link, Report
from neurodeploy.simulator.floats import checked_floats
from neurodeploy.target import JudgesForeignFiles, Simulation, Target
from neurodeploy.trace import Trace, accuracy
from neurodeploy.verification.compare import compare_spikes
from neurodeploy.verification.meaning import Exact, Near
from neurodeploy.verification.simulated import simulated
from neurodeploy.verification.verify import layer_summaries, pictured

_NEAR = 1e-4
_RUN_TIME = "the network's own run"
# The facts of a report that are times, and so another's each time.
RUN_TIMES = frozenset({_RUN_TIME, Exact.progress, Near.progress})


@dataclass(frozen=True)
class ReadFile:
    """Another writer's file, the network that we read in it, and the profile of the reading."""

    chip: JudgesForeignFiles
    artifact: Artifact
    foreign: ForeignGraph
    profile: str | None = None


@dataclass(frozen=True)
class _Reading:
    """A network that was read from a file, and its own run of samples in float32."""

    file: ReadFile
    samples: Any

    @property
    def reference(self) -> str:
        """The name of the reading."""
        return self.file.chip.reading_name(self.file.profile)

    @cached_property
    def inputs(self) -> NDArray[Any]:
        """The samples as floats.

        Raises:
            SamplesError: if they do not fit the network.
        """
        return checked_floats(self.file.foreign.graph, self.samples)

    @cached_property
    def trace(self) -> Trace:
        """The trace of the network, as convert gives it."""
        # torch is imported only if a network runs.
        from neurodeploy.frontend.training import read_trace

        return read_trace(self.file.foreign, self.inputs)

    def runs(
        self, chip: Target, artifact: Artifact, simulator: str, simulation: Simulation
    ) -> tuple[Trace, Trace]:
        """Return the network's trace and a simulator's of the very file."""
        own = self.file
        return self.trace, own.chip.judge(artifact, own.foreign, self.inputs, simulator, simulation)

    def finished(self, trace: Trace) -> Trace:
        """Return a trace as it is."""
        return trace

    def compare(self, name: str, expected: Trace, got: Trace, seconds: float) -> Link:
        """Return the link between two traces, spike for spike."""
        return compare_spikes(name, expected, got, seconds, _NEAR)


def verify_reading(
    file: ReadFile,
    samples: Any,
    *,
    labels: NDArray[Any] | None = None,
    simulator: str | None = None,
    simulation: Simulation,
) -> Report:
    """Return a report that compares our reading of a file with others', over samples (T, N, ...).

    The framework that the profile is of is asked, unless a simulator is named.

    Raises:
        SamplesError: if the samples do not fit the network.
        UnknownNameError: if there is no such simulator.
    """
    reading, chip = _Reading(file, samples), file.chip
    assert isinstance(chip, Target)
    say = simulation.progress or (lambda _: None)
    _ = reading.inputs
    say("the network as it was read")
    started = time.perf_counter()
    trace = reading.trace
    seconds = time.perf_counter() - started
    asked = simulator or chip.reader_of(file.profile)
    judged = simulated(chip, file.artifact, reading, asked, replace(simulation, progress=say))
    kinds = {node.name: node.equations.name for node in file.foreign.graph.layers}
    layers = [(name, kinds.get(name, "sums")) for name in trace]
    return Report(
        title=f"{file.artifact.path or 'network'}, {reading.reference}",
        links=tuple(each.link for each in judged),
        layers=layer_summaries(layers, trace),
        facts=_facts(reading, seconds),
        trace=pictured(trace),
        accuracies={} if labels is None else {"float": accuracy(trace, labels)},
    )


def _facts(reading: _Reading, seconds: float) -> dict[str, str]:
    own, shape = reading.file, reading.inputs.shape
    graph = own.foreign.graph
    return {
        "file": str(own.artifact.path or "in memory"),
        "exact": "no, in floats: spikes bit for bit, voltages within a tolerance",
        "graph": graph.sha256,
        "a step": f"{own.foreign.dt:g} s",
        "how it was read": "; ".join((*own.foreign.notes, *own.foreign.left_out)),
        "samples": f"{shape[1]} of {shape[0]} steps, input {shape[2:]}",
        "weights": str(graph.parameter_count()),
        _RUN_TIME: f"{seconds:.2f} s",
    }
