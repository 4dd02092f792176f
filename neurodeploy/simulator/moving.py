"""The words of selections, sums and products in torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from neurodeploy.data.structure import Shape


@dataclass(frozen=True)
class TorchWords:
    """Words on tensors with some axes before those of one sample."""

    leading: int

    def reshape(self, x: Tensor, shape: Shape) -> Tensor:
        """Return the values in C order in another shape."""
        return x.reshape(*x.shape[: self.leading], *shape)

    def permute(self, x: Tensor, order: Sequence[int]) -> Tensor:
        """Return the values with the axes in this order."""
        return x.permute(*range(self.leading), *(axis + self.leading for axis in order))

    def slice(self, x: Tensor, axis: int, part: slice) -> Tensor:
        """Return a part of an axis."""
        return x[(slice(None),) * (axis + self.leading) + (part,)]

    def concat(self, values: Sequence[Tensor], axis: int) -> Tensor:
        """Return several values, one after another along an axis."""
        if len({value.dtype for value in values}) > 1:
            # Of unlike types torch would take one that may not hold all integers.
            values = [value.double() for value in values]
        return torch.cat(list(values), axis + self.leading)

    def pad(self, x: Tensor, axis: int, count: int) -> Tensor:
        """Return the values and so many zeros behind them along an axis."""
        shape = list(x.shape)
        shape[axis + self.leading] = count
        return torch.cat([x, x.new_zeros(shape)], axis + self.leading)

    def add(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the sum of each pair."""
        return x + y

    def multiply(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the product of each pair; an axis of length one is repeated."""
        return x * y

    def complement(self, x: Tensor) -> Tensor:
        """Return one minus each value."""
        return 1 - x

    def matmul(self, x: Tensor, y: Tensor, terms: int) -> Tensor:
        """Return the matrix products over the last two axes."""
        return x @ y
