"""The layout of a parameter: one value for all neurons, one per channel, or one per neuron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from torch import Tensor


@dataclass(frozen=True)
class Spread:
    """The position of a neuron's parameter value: neuron // inner % count."""

    inner: int
    count: int


def spread_of(parameter: Tensor, shape: Sequence[int], name: str) -> Spread | None:
    """Return the layout of a parameter within the neurons' shape, or None for a single value.

    Raises:
        ValueError: if it varies along axes that do not lie side by side, or does not fit them.
    """
    if parameter.numel() == 1:
        return None
    sizes = (1,) * (len(shape) - parameter.ndim) + tuple(parameter.shape)
    varying = [axis for axis, size in enumerate(sizes) if size != 1]
    first, last = varying[0], varying[-1] + 1
    if len(sizes) != len(shape) or sizes[first:last] != tuple(shape[first:last]):
        raise ValueError(
            f"{name}: {tuple(parameter.shape)} does not fit neurons of {tuple(shape)} "
            "(give one value, one a channel, or one an element)"
        )
    return Spread(prod(shape[last:]), prod(sizes[first:last]))
