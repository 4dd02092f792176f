"""In which order samples are read: another one every epoch, which the seed alone decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from torch.utils.data import Sampler


class Order(Sampler[int]):
    """The samples of each pass over a data set; a pass is an epoch of its own.

    The first pass is the data set's `epoch`, and each further one the next unless you set it; a
    run that goes on sets it and has the same samples as one that was never stopped.
    """

    def __init__(self, dataset: Any, shuffle: bool, seed: int) -> None:
        self.dataset, self.shuffle, self.seed = dataset, shuffle, seed
        self._last = -1

    def __len__(self) -> int:
        return len(self.dataset)

    def __iter__(self) -> Iterator[int]:
        epoch = int(getattr(self.dataset, "epoch", self._last))
        self._last = epoch = epoch + 1 if epoch == self._last else epoch
        if hasattr(self.dataset, "epoch"):
            self.dataset.epoch = epoch
        indices = np.arange(len(self.dataset))
        if self.shuffle:
            indices = np.random.default_rng([self.seed, epoch]).permutation(indices)
        return iter(indices.tolist())
