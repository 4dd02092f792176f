"""The base of weights: integers times 2**exponent, summed in a register of some bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.narrow import narrowed
from neurodeploy.data.structure import Edge, Shape, check_exponent, require
from neurodeploy.program.integers import Integers, NarrowIntegers, whole_numbers
from neurodeploy.program.kinds.node import Node
from snncore.dynamics.arithmetic.interval import Interval

_ROWS = 64
# The sums of fewer bytes are exact in single precision, even twice as large.
_SINGLE = 1 << 16


class Synapse(Node):
    """A layer of weights; each kind has the fields that are declared here."""

    # The edge that the weights read; delays come on top of its own.
    source: Edge
    # The power of two that one unit means in the units of training.
    exponent: int
    # The width of the register that stores the sums.
    accumulator_bits: int

    @property
    def narrow_weight(self) -> NarrowIntegers:
        """The weights in the narrow type that they are stored in."""
        weight: NarrowIntegers = vars(self)["weight"]
        return weight

    @property
    def parameter_count(self) -> int:
        """The number of weights."""
        return self.narrow_weight.size

    @property
    def delayed_weights(self) -> tuple[tuple[Edge, NarrowIntegers], ...]:
        """The edge of each delay, and the weights that read it (0 elsewhere)."""
        return ((self.source, self.narrow_weight),)

    @property
    def single_delays(self) -> tuple[Synapse, ...]:
        """The weights of each delay as a layer of their own."""
        return (self,)

    def fan_out(self, shape: Shape) -> Integers:
        """Return how many neurons each value of a source of this shape reaches."""
        raise self.undefined("fan_out")

    def fan_in(self, shape: Shape) -> Integers:
        """Return how many values of a source of this shape are in each sum."""
        raise self.undefined("fan_in")

    def sum_range(self, x: Interval) -> Interval:
        """Return the range of the weighted sum before it is shifted and stored."""
        flat = self.narrow_weight.reshape(self.narrow_weight.shape[0], -1)
        kind = _sum_type(flat, x)
        # A padded window sees fewer inputs, so zero belongs to every sum.
        low = high = 0
        # Some rows at a time, which stay in the processor's cache.
        for start in range(0, len(flat), _ROWS):
            rows = flat[start : start + _ROWS]
            positive, negative = _signed_sums(rows, kind)
            low = min(low, int((positive * x.low + negative * x.high).min(initial=0)))
            high = max(high, int((positive * x.high + negative * x.low).max(initial=0)))
        return Interval(low, high)


def check_weights(node: Synapse, axes: int) -> None:
    """Check the weights, their exponent and their register; store the weights narrow.

    Raises:
        ValidationError: if one does not fit; names it.
    """
    integers = whole_numbers(vars(node)["weight"], f"{node.name}.weight", axes)
    object.__setattr__(node, "weight", narrowed(integers))
    check_exponent(node, node.exponent)
    bits = node.accumulator_bits
    require(2 <= bits <= 62, f"{node.name}.accumulator_bits: {bits} is not in 2..62")


def _signed_sums(rows: NDArray[Any], kind: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the sums of each row's positive weights, and of its negative ones."""
    if rows.dtype == np.int8 and rows.shape[1] < _SINGLE:
        # Floats are summed several times faster than bytes, and here without rounding.
        floats = rows.astype(np.float32)
        total = floats.sum(axis=1)
        positive = (np.abs(floats, out=floats).sum(axis=1) + total) / 2
        return positive.astype(kind), (total - positive).astype(kind)
    positive = np.maximum(rows, 0).sum(axis=1, dtype=kind)
    return positive, np.minimum(rows, 0).sum(axis=1, dtype=kind)


def _sum_type(weight: NDArray[Any], x: Interval) -> Any:
    """Return the type that holds every sum: 64 bits, or integers of any size where those wrap."""
    if weight.size == 0:
        return np.int64
    largest = max(-int(weight.min()), int(weight.max()))
    # Twice, since positive and negative parts are added.
    reached = 2 * largest * weight.shape[1] * max(x.largest(), 1)
    return np.int64 if reached < 1 << 63 else object
