"""One step of every layer as a target's files state it, and the bounds of its sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from neurodeploy.data.structure import Edge
from neurodeploy.program import Program
from neurodeploy.target.steps.late import LateRead
from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.bits.circuit import Circuit, Wire


@dataclass(frozen=True)
class Leaves:
    """The numbers that a step reads: states by name, one for each edge, the file's parameters."""

    states: Mapping[str, Wire]
    sources: Mapping[Edge, Wire]
    parameters: Mapping[str, Wire]


@dataclass(frozen=True)
class ComputedStep:
    """The results of a step, in whole numbers that never overflow.

    They are the target's own only if its arithmetic holds every value: each condition states that
    one does, and says which.
    """

    next_states: Mapping[str, Wire]
    output: Wire
    conditions: tuple[tuple[str, Wire], ...] = ()


@dataclass(frozen=True)
class LayerStep:
    """The step of one layer, as an artifact's files state it."""

    # The place of its text, such as "the function LIF of network.onnx".
    origin: str
    # The parameters in the files, each of which broadcasts over the layer.
    parameters: Mapping[str, NDArray[Any]]
    compute: Callable[[Circuit, Leaves], ComputedStep]
    # The factor between a program's integer and the files' (a power of two).
    unit: int = 1


@dataclass(frozen=True)
class SumBound:
    """The largest magnitude of a layer's sums, by the files' own weights, and what holds them."""

    largest: int
    limit: int
    arithmetic: str

    @property
    def fits(self) -> bool:
        """Whether no sum overflows, for any input."""
        return self.largest <= self.limit


@dataclass(frozen=True)
class ArtifactSteps:
    """An artifact's program, and the steps and sums that its files compute."""

    program: Program
    layers: Mapping[str, LayerStep]
    sums: Mapping[str, SumBound] = field(default_factory=dict)
    # By layer without a step: why it has none, and a remedy.
    missing: Mapping[str, str] = field(default_factory=dict)
    # The values that enter the network, if the files accept fewer than the program.
    inputs: Interval | None = None
    # Every value that a node reads late.
    late: Sequence[LateRead] = ()
