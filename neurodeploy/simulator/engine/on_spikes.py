"""Layers of weights that add the weights of spikes alone, where their rate makes that faster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurodeploy.data.structure import Pair
from snncore.dynamics.arithmetic.interval import Interval
from snncore.kernels.cpp.products import (
    SpikeSums,
    are_few,
    by_channel,
    empty,
    in_memory,
    spikes_are_summed,
)

Sums = Callable[[Tensor], Tensor]
# With fewer outputs, even counting the spikes would be seen.
_FEWEST_OUTPUTS = 32


def takes_spikes(weight: NDArray[Any], source: Interval) -> bool:
    """Return whether a layer reads spikes, and this machine has compiled how to add weights."""
    fits = weight.dtype in (np.int8, np.int16) and len(weight) >= _FEWEST_OUTPUTS
    return fits and 0 <= source.low <= source.high <= 1 and spikes_are_summed(build=False)


class BySpikes:
    """Sums that go by spikes where a call has few; the limit is measured once a shape."""

    def __init__(self, dense: Sums, weight: NDArray[Any], *windows: Pair) -> None:
        self._dense = dense
        self._sums = SpikeSums(weight, *windows)
        # By shape and threads: the most spikes that are few.
        self._most: dict[tuple[int, ...], int] = {}

    def __call__(self, values: Tensor) -> Tensor:
        """Return the sums of values (T, N, ...)."""
        if values.dtype != torch.uint8:
            return self._dense(values)
        spikes = in_memory(values)
        key = (*spikes.shape, torch.get_num_threads())
        if key not in self._most:
            self._most[key] = int(self._limit(spikes) * spikes.numel())
        most = self._most[key]
        if not most:
            return self._dense(values)
        if not spikes.is_contiguous():
            spikes = empty(spikes.shape, spikes.dtype).copy_(spikes)
        if are_few(spikes, most):
            return by_channel(self._sums(spikes))
        return self._dense(by_channel(spikes))

    def _limit(self, spikes: Tensor) -> float:
        return self._sums.limit(lambda x: self._dense(by_channel(x)), tuple(spikes.shape))
