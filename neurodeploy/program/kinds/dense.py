"""Dense weights, with a delay for each where a chip has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from neurodeploy.data.codec import UNWRITTEN
from neurodeploy.data.narrow import widened
from neurodeploy.data.network.shapes import dense_shape
from neurodeploy.data.structure import Edge, Shape, require
from neurodeploy.program.integers import Integers, NarrowIntegers, integers
from neurodeploy.program.kinds.node import Reads
from neurodeploy.program.kinds.synapse import Synapse, check_weights
from neurodeploy.program.spelling import array_text, edge_sum
from snncore.dynamics import Equations
from snncore.dynamics.arithmetic.interval import ZERO, Interval

_MOST_DELAYED = 1 << 30


@dataclass(frozen=True, eq=False)
class Dense(Synapse):
    """acc = weight @ source, then `acc >> shift` (floor): what one step adds to a current.

    With delays, one for each weight, each delay has a sum of its own over the source's values that
    many steps ago; every one of them is shifted, and then they are added.
    """

    source: Edge
    weight: Integers = widened(np.int64)
    exponent: int = 0
    shift: int = 0
    accumulator_bits: int = 32
    # One for each weight; not written where there are none.
    delays: Integers | None = field(default=None, metadata=UNWRITTEN)

    def __post_init__(self) -> None:
        check_weights(self, axes=2)
        require(0 <= self.shift < 32, f"{self.name}.shift: {self.shift} is not in 0..31")
        if self.delays is not None:
            object.__setattr__(self, "delays", self._checked_delays(self.delays))

    def _checked_delays(self, values: Integers) -> Integers | None:
        """Return the delays, or none where every weight's is 0."""
        delays = integers(values, f"{self.name}.delays", 2)
        shape = self.narrow_weight.shape
        require(delays.shape == shape, f"{self.name}.delays: {delays.shape} for weights of {shape}")
        low = int(delays.min(initial=0))
        require(low >= 0, f"{self.name}.delays: {low} steps are before the spike")
        # The weights are stored once for each delay.
        stored = np.unique(delays).size * delays.size
        words = f"{self.name}.delays: as many different ones would take {stored:,} weights"
        require(stored <= _MOST_DELAYED, words, remedy="use fewer different delays")
        return delays if delays.any() else None

    @property
    def sources(self) -> tuple[Edge, ...]:
        """The edges that lead here: one for each delay, the shortest first."""
        return self._edges

    @cached_property
    def _edges(self) -> tuple[Edge, ...]:
        if self.delays is None:
            return (self.source,)
        late = np.unique(self.delays)
        return tuple(Edge(self.source.source, self.source.delay + int(steps)) for steps in late)

    @cached_property
    def _delayed_weights(self) -> tuple[tuple[Edge, NarrowIntegers], ...]:
        if self.delays is None:
            return ((self.source, self.narrow_weight),)
        return tuple(
            (edge, np.where(self.delays == edge.delay - self.source.delay, self.narrow_weight, 0))
            for edge in self._edges
        )

    @property
    def delayed_weights(self) -> tuple[tuple[Edge, NarrowIntegers], ...]:
        """The edge of each delay, and the weights that read it (0 elsewhere)."""
        return self._delayed_weights

    @property
    def single_delays(self) -> tuple[Synapse, ...]:
        """The weights of each delay as a layer of their own."""
        pairs = self.delayed_weights
        return tuple(replace(self, source=edge, weight=w, delays=None) for edge, w in pairs)

    def output_shape(self, inputs: Sequence[Shape]) -> Shape:
        """Return one axis of the outputs."""
        return dense_shape(self, self.narrow_weight.shape, inputs)

    def value_range(self, reads: Reads) -> Interval:
        """Return the range of the shifted sums, as their register stores them."""
        x = reads.over(self.sources[0])
        total = self.sum_range(x.hull(ZERO) if len(self.sources) > 1 else x)
        if self.shift:
            total = total.map(lambda value: value >> self.shift)
            # Each delay's sum is cut down by itself.
            total = Interval(total.low - len(self.sources) + 1, total.high)
        return total.wrapped(self.accumulator_bits)

    def fan_out(self, shape: Shape) -> Integers:
        """Return how many neurons each value of the source reaches."""
        counts: Integers = np.count_nonzero(self.narrow_weight, axis=0).astype(np.int64)
        return counts

    def fan_in(self, shape: Shape) -> Integers:
        """Return how many values of the source are in each sum."""
        counts: Integers = np.count_nonzero(self.narrow_weight, axis=1).astype(np.int64)
        return counts

    def expression(self, names: Mapping[Equations, str]) -> str:
        """Return `dense(source)`, its weights and their scale."""
        shift = f" >> {self.shift}" if self.shift else ""
        scale = f"2^{self.exponent}, {self.accumulator_bits} bits"
        late = "" if self.delays is None else f" delays {array_text(self.delays)}"
        weight = array_text(self.narrow_weight)
        return f"dense({edge_sum(self.sources)}){shift} weight {weight}{late} {scale}"
