"""The meaning of an artifact, and how near other stages must come: two kinds, one interface."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.chips.operations import fired, operations
from neurodeploy.chips.resources import OnChip
from neurodeploy.errors import UnknownNameError
from neurodeploy.graph import Graph
from neurodeploy.program import Program
from neurodeploy.report import Link
from neurodeploy.simulator import by_network_layer, run_golden, simulate
from neurodeploy.simulator.floats import checked_floats, run_floats
from neurodeploy.simulator.samples import checked_samples, training_samples
from neurodeploy.target import (
    ComparesRuns,
    Simulation,
    TakesFloats,
    Target,
    finished,
    on_chip,
)
from neurodeploy.trace import Trace
from neurodeploy.verification.compare import Tolerance, compare, compare_within
from neurodeploy.verification.in_network import in_network
from neurodeploy.verification.neurobench import neurobench

TOLERANCE = Tolerance()


@dataclass(frozen=True)
class Meaning(ABC):
    """A network, the trace that every other stage is compared with, and the comparison."""

    network: Any
    samples: Any

    # The names of the network, its trace and the first accuracy in links.
    noun: ClassVar[str]
    reference: ClassVar[str]
    accuracy: ClassVar[str]
    # The message to the user while the trace is computed.
    progress: ClassVar[str]
    has_fast_engine: ClassVar[bool]

    @cached_property
    @abstractmethod
    def inputs(self) -> NDArray[Any]:
        """The samples in the form that the network takes.

        Raises:
            SamplesError: if they do not fit it.
        """

    @cached_property
    @abstractmethod
    def trace(self) -> Trace:
        """The trace that defines what is right."""

    @property
    def shown(self) -> Trace:
        """The same trace by the layers of the network."""
        return self.trace

    @property
    def layers(self) -> tuple[tuple[str, str], ...]:
        """The name and the kind of neurons of every layer of the network."""
        return tuple((node.name, node.equations.name) for node in self.network.layers)

    @abstractmethod
    def compare(self, name: str, expected: Trace, got: Trace, seconds: float) -> Link:
        """Return the link between two traces."""

    def runs(
        self, chip: Target, artifact: Artifact, simulator: str, simulation: Simulation
    ) -> tuple[Trace, Trace]:
        """Return the reference and the simulator's trace of one run."""
        how: dict[str, Any] = {"simulator": simulator, "simulation": simulation}
        return self.trace, chip.simulate(artifact, self.inputs, **how)

    def finished(self, trace: Trace) -> Trace:
        """Return a trace as it is: the host adds nothing to it."""
        return trace

    @abstractmethod
    def trained(self, model: Any) -> Trace:
        """Return a torch network's trace of the samples."""

    @abstractmethod
    def fast(self) -> Trace:
        """Return the fast engine's trace.

        Raises:
            UnknownNameError: if such a network has no fast engine.
        """

    @abstractmethod
    def written(self, chip: Target, network: Any, options: Mapping[str, Any]) -> Artifact:
        """Return the artifact that the target writes for such a network."""

    @abstractmethod
    def on_chip(self, chip: Target) -> OnChip:
        """Return the target's description of the network on its chips."""

    def facts(self) -> dict[str, str]:
        """Return a report's facts about this kind of network besides its hash."""
        return {self.noun: self.network.sha256}


@dataclass(frozen=True)
class Exact(Meaning):
    """A program of integers: every bit is compared."""

    network: Program
    noun: ClassVar[str] = "program"
    reference: ClassVar[str] = "golden"
    accuracy: ClassVar[str] = "quantized"
    progress: ClassVar[str] = "golden interpreter"
    has_fast_engine: ClassVar[bool] = True

    @cached_property
    def inputs(self) -> NDArray[Any]:
        """The samples as whole numbers."""
        return checked_samples(self.network, self.samples)

    @cached_property
    def trace(self) -> Trace:
        """The golden interpreter's trace."""
        return run_golden(self.network, self.inputs)

    @cached_property
    def shown(self) -> Trace:
        """The golden trace by the layers of the network."""
        return by_network_layer(self.network, self.trace)

    @property
    def layers(self) -> tuple[tuple[str, str], ...]:
        """The name and the kind of neurons of every layer of the network."""
        return tuple((name, node.equations.name) for name, node, _ in self.network.network_layers)

    def compare(self, name: str, expected: Trace, got: Trace, seconds: float) -> Link:
        """Return the link between two traces, bit for bit."""
        return in_network(self.network, compare(name, expected, got, seconds), expected)

    def runs(
        self, chip: Target, artifact: Artifact, simulator: str, simulation: Simulation
    ) -> tuple[Trace, Trace]:
        """Return the reference and the simulator's trace of a run that the simulator can make."""
        if not isinstance(chip, ComparesRuns):
            return super().runs(chip, artifact, simulator, simulation)
        how: dict[str, Any] = {"simulator": simulator, "simulation": simulation}
        return chip.compared_runs(artifact, self.network, self.inputs, self.trace, **how)

    def finished(self, trace: Trace) -> Trace:
        """Return a trace with the decoder that the host computes."""
        return finished(trace, self.network)

    def trained(self, model: Any) -> Trace:
        """Return a torch network's trace of the samples in integers."""
        # torch is imported only if a torch network is given.
        from neurodeploy.frontend.training import training_trace

        samples = training_samples(self.network, self.samples)
        return training_trace(model, self.network, samples)

    def fast(self) -> Trace:
        """Return the fast engine's trace."""
        return simulate(self.network, self.inputs, engine="fast")

    def written(self, chip: Target, network: Any, options: Mapping[str, Any]) -> Artifact:
        """Return the artifact that the target writes for a program."""
        return chip.compile(network, **options)

    def on_chip(self, chip: Target) -> OnChip:
        """Return the program on the target's chips, with the operations of these samples."""
        network, counted = self.network, (self.network, self.trace, self.inputs)
        measured = operations(*counted), neurobench(*counted), fired(*counted)
        return on_chip(chip, network, *measured)


@dataclass(frozen=True)
class Near(Meaning):
    """A graph in floats: values are equal within a tolerance."""

    network: Graph
    noun: ClassVar[str] = "graph"
    reference: ClassVar[str] = "graph"
    accuracy: ClassVar[str] = "float"
    progress: ClassVar[str] = "double precision"
    has_fast_engine: ClassVar[bool] = False
    tolerance: Tolerance = TOLERANCE

    @cached_property
    def inputs(self) -> NDArray[Any]:
        """The samples as floats."""
        return checked_floats(self.network, self.samples)

    @cached_property
    def trace(self) -> Trace:
        """The graph's trace in double precision."""
        return run_floats(self.network, self.inputs)

    def compare(self, name: str, expected: Trace, got: Trace, seconds: float) -> Link:
        """Return the link between two traces, within the tolerance."""
        return compare_within(name, expected, got, seconds, self.tolerance)

    def trained(self, model: Any) -> Trace:
        """Return a torch network's trace of the samples."""
        from neurodeploy.frontend.training import float_trace

        return float_trace(model, self.network, self.inputs)

    def fast(self) -> Trace:
        """Refuse: floats have one engine."""
        raise UnknownNameError("a float network has no fast engine")

    def written(self, chip: Target, network: Any, options: Mapping[str, Any]) -> Artifact:
        """Return the artifact that the target writes for a float graph."""
        assert isinstance(chip, TakesFloats)
        return chip.compile_graph(network, **options)

    def on_chip(self, chip: Target) -> OnChip:
        """Return an empty description: no chip takes floats."""
        return OnChip()

    def facts(self) -> dict[str, str]:
        """Return the tolerance, and the graph's hash."""
        return {"exact": f"no, in floats: {self.tolerance.words()}"} | super().facts()


def meaning_of(network: Program | Graph, samples: Any) -> Meaning:
    """Return the meaning of a network over samples (T, N, ...)."""
    return Exact(network, samples) if isinstance(network, Program) else Near(network, samples)


def held_by(chip: Target, artifact: Artifact) -> Program | Graph:
    """Return the network in an artifact's files.

    Raises:
        ArtifactError: if it cannot be read.
    """
    if isinstance(chip, TakesFloats) and chip.holds_floats(artifact):
        return chip.read_graph(artifact)
    return chip.read(artifact)
