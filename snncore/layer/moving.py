"""Layers that move values: joined, cut, reordered, reshaped and repeated, without a number changed.

Axes are counted within a sample, behind time and batch (behind the batch alone with
`step_mode="s"`): axis 0 is that of the channels, and -1 the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from snncore.layer.steps import leading_axes
from snncore.layer.weights.linear import Layer


class Moving(Layer):
    """The base of layers that move values, and their count of axes before a sample's."""

    def __init__(self, step_mode: str = "m") -> None:
        super().__init__()
        leading_axes(step_mode, type(self).__name__)
        self.step_mode = step_mode

    @property
    def leading(self) -> int:
        """The number of axes before a sample's."""
        return leading_axes(self.step_mode, type(self).__name__)

    def _axis(self, x: Tensor, axis: int) -> int:
        """Return an axis of a sample as one of the tensor.

        Raises:
            ValueError: if the sample does not have it.
        """
        count = x.ndim - self.leading
        if not -count <= axis < count:
            name, shape = type(self).__name__, tuple(x.shape[self.leading :])
            raise ValueError(f"{name}: a sample of shape {shape} has no axis {axis}")
        return self.leading + axis % count


class Concat(Moving):
    """Several values, one after another along an axis (by default that of the channels)."""

    def __init__(self, axis: int = 0, step_mode: str = "m") -> None:
        super().__init__(step_mode)
        self.axis = int(axis)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"axis": self.axis, "step_mode": self.step_mode}

    def forward(self, *values: Tensor) -> Tensor:
        """Join the values."""
        self.input_shape = tuple(values[0].shape[self.leading :])
        return torch.cat(values, self._axis(values[0], self.axis))


class Slice(Moving):
    """A part of an axis, as Python counts it: `start`, `stop`, `step`."""

    def __init__(
        self,
        axis: int = 0,
        start: int | None = None,
        stop: int | None = None,
        step: int = 1,
        step_mode: str = "m",
    ) -> None:
        super().__init__(step_mode)
        if step < 1:
            raise ValueError(f"Slice: a step of {step} (1 or more)")
        self.axis, self.start, self.stop, self.step = int(axis), start, stop, int(step)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        part = {"start": self.start, "stop": self.stop, "step": self.step}
        return {"axis": self.axis, **part, "step_mode": self.step_mode}

    def part(self, length: int) -> tuple[int, int, int]:
        """Return start, stop and step for an axis of this length."""
        return slice(self.start, self.stop, self.step).indices(length)

    def forward(self, x: Tensor) -> Tensor:
        """Take the part."""
        self.input_shape = tuple(x.shape[self.leading :])
        axis = self._axis(x, self.axis)
        return x[(slice(None),) * axis + (slice(*self.part(x.shape[axis])),)]


class Chunk(Moving):
    """One of some equal parts of an axis."""

    def __init__(self, count: int, index: int, axis: int = 0, step_mode: str = "m") -> None:
        super().__init__(step_mode)
        if not 0 <= index < count:
            raise ValueError(f"Chunk: part {index} of {count}")
        self.count, self.index, self.axis = int(count), int(index), int(axis)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        part = {"count": self.count, "index": self.index}
        return part | {"axis": self.axis, "step_mode": self.step_mode}

    def part(self, length: int) -> tuple[int, int, int]:
        """Return start, stop and step for an axis of this length.

        Raises:
            ValueError: if the parts would not be equal.
        """
        if length % self.count:
            raise ValueError(f"Chunk: {length} values do not divide into {self.count} equal parts")
        size = length // self.count
        return self.index * size, (self.index + 1) * size, 1

    def forward(self, x: Tensor) -> Tensor:
        """Take the part."""
        self.input_shape = tuple(x.shape[self.leading :])
        axis = self._axis(x, self.axis)
        start, stop, _ = self.part(x.shape[axis])
        return x.narrow(axis, start, stop - start)


class Permute(Moving):
    """The axes of a sample in another order."""

    def __init__(self, order: Sequence[int], step_mode: str = "m") -> None:
        super().__init__(step_mode)
        self.order = tuple(int(axis) for axis in order)
        if sorted(self.order) != list(range(len(self.order))):
            raise ValueError(f"Permute: {self.order} is not an order of axes")

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"order": list(self.order), "step_mode": self.step_mode}

    def forward(self, x: Tensor) -> Tensor:
        """Return the axes in the order."""
        self.input_shape = tuple(x.shape[self.leading :])
        behind = (axis + self.leading for axis in self.order)
        return x.permute(*range(self.leading), *behind)


class Transpose(Moving):
    """Two axes of a sample exchanged."""

    def __init__(self, first: int = 0, second: int = 1, step_mode: str = "m") -> None:
        super().__init__(step_mode)
        self.first, self.second = int(first), int(second)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"first": self.first, "second": self.second, "step_mode": self.step_mode}

    def forward(self, x: Tensor) -> Tensor:
        """Return the axes exchanged."""
        self.input_shape = tuple(x.shape[self.leading :])
        return x.transpose(self._axis(x, self.first), self._axis(x, self.second))


class Reshape(Moving):
    """The values of a sample in another shape, in C order.

    A length of 0 is the sample's own there, and one may be -1: what is left.
    """

    def __init__(self, shape: Sequence[int], step_mode: str = "m") -> None:
        super().__init__(step_mode)
        self.shape = tuple(int(length) for length in shape)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"shape": list(self.shape), "step_mode": self.step_mode}

    def forward(self, x: Tensor) -> Tensor:
        """Reshape every sample."""
        self.input_shape = tuple(x.shape[self.leading :])
        return x.reshape(*x.shape[: self.leading], *self.lengths(self.input_shape))

    def lengths(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the lengths for a sample of this shape, of which one may be -1.

        Raises:
            ValueError: if a length is a sample's own, which it does not have.
        """
        if any(length == 0 and axis >= len(shape) for axis, length in enumerate(self.shape)):
            raise ValueError(f"Reshape: {shape} has no lengths for {self.shape}")
        pairs = enumerate(self.shape)
        return tuple(length or shape[axis] for axis, length in pairs)


class Upsample(Layer):
    """Every value of the last axes as often as its axis has a factor, or followed by zeros.

    A single factor is for height and width.
    """

    def __init__(self, factors: int | Sequence[int], zeros: bool = False) -> None:
        super().__init__()
        several = (factors, factors) if isinstance(factors, int) else tuple(map(int, factors))
        if min(several, default=0) < 1:
            raise ValueError(f"Upsample: factors of {several} (1 or more)")
        self.factors, self.zeros = several, bool(zeros)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"factors": list(self.factors), "zeros": self.zeros}

    def forward(self, x: Tensor) -> Tensor:
        """Make the axes longer."""
        self.input_shape = tuple(x.shape[-len(self.factors) - 1 :])
        for index, factor in enumerate(self.factors):
            axis = x.ndim - len(self.factors) + index
            if factor > 1 and self.zeros:
                apart = F.pad(x.unsqueeze(axis + 1), (*[0, 0] * (x.ndim - axis - 1), 0, factor - 1))
                x = apart.flatten(axis, axis + 1)
            elif factor > 1:
                x = x.repeat_interleave(factor, axis)
        return x
