"""Pools of every dimension, time merged into the batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from torch import Tensor
from torch.nn import functional as F

from snncore.layer.steps import merged, sizes
from snncore.layer.weights.linear import Layer

Size = int | Sequence[int]
_AVERAGE = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
_LARGEST: dict[int, Callable[..., Any]] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_ADAPTIVE: dict[int, Callable[..., Any]] = {
    1: F.adaptive_avg_pool1d,
    2: F.adaptive_avg_pool2d,
    3: F.adaptive_avg_pool3d,
}


class _Pool(Layer):
    """A layer that works on windows; (C, ...) are the last axes of its input."""

    dimensions: ClassVar[int]

    def forward(self, x: Tensor) -> Tensor:
        """Pool a sequence, or a single step."""
        axes = self.dimensions + 1
        self.input_shape = tuple(x.shape[-axes:])
        return merged(self._pooled, x, axes)

    def _pooled(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def _lists(self, *names: str) -> dict[str, Any]:
        return {name: list(getattr(self, name)) for name in names}


class _AvgPool(_Pool):
    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = sizes(kernel_size, self.dimensions)
        self.stride = self.kernel_size if stride is None else sizes(stride, self.dimensions)
        self.padding = sizes(padding, self.dimensions)
        self.ceil_mode, self.count_include_pad = bool(ceil_mode), bool(count_include_pad)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        flags = {"ceil_mode": self.ceil_mode, "count_include_pad": self.count_include_pad}
        return self._lists("kernel_size", "stride", "padding") | flags

    def _pooled(self, x: Tensor) -> Tensor:
        flags = self.ceil_mode, self.count_include_pad
        return _AVERAGE[self.dimensions](x, self.kernel_size, self.stride, self.padding, *flags)


class _MaxPool(_Pool):
    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = sizes(kernel_size, self.dimensions)
        self.stride = self.kernel_size if stride is None else sizes(stride, self.dimensions)
        self.padding = sizes(padding, self.dimensions)
        self.dilation = sizes(dilation, self.dimensions)
        self.ceil_mode = bool(ceil_mode)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        geometry = self._lists("kernel_size", "stride", "padding", "dilation")
        return geometry | {"ceil_mode": self.ceil_mode}

    def _pooled(self, x: Tensor) -> Tensor:
        geometry = self.kernel_size, self.stride, self.padding, self.dilation
        result: Tensor = _LARGEST[self.dimensions](x, *geometry, ceil_mode=self.ceil_mode)
        return result


class _AdaptiveAvgPool(_Pool):
    def __init__(self, output_size: Size) -> None:
        super().__init__()
        self.output_size = sizes(output_size, self.dimensions)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return self._lists("output_size")

    def _pooled(self, x: Tensor) -> Tensor:
        result: Tensor = _ADAPTIVE[self.dimensions](x, self.output_size)
        return result

    def windows(self, *lengths: int) -> tuple[int, ...]:
        """Return the size of the windows that tile a sample of these lengths.

        Raises:
            ValueError: if none do.
        """
        pairs = list(zip(lengths, self.output_size, strict=True))
        if any(length % size for length, size in pairs):
            lengths_text, wanted = (
                " x ".join(map(str, sizes)) for sizes in zip(*pairs, strict=True)
            )
            raise ValueError(f"{type(self).__name__}: no windows tile {lengths_text} into {wanted}")
        return tuple(length // size for length, size in pairs)


class AvgPool1d(_AvgPool):
    """The mean over windows of a line."""

    dimensions = 1


class AvgPool2d(_AvgPool):
    """The mean over windows of an image."""

    dimensions = 2


class AvgPool3d(_AvgPool):
    """The mean over windows of a volume."""

    dimensions = 3


class MaxPool1d(_MaxPool):
    """The largest of each window of a line; of spikes, whether any fired."""

    dimensions = 1


class MaxPool2d(_MaxPool):
    """The largest of each window of an image; of spikes, whether any fired."""

    dimensions = 2


class MaxPool3d(_MaxPool):
    """The largest of each window of a volume; of spikes, whether any fired."""

    dimensions = 3


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The mean over windows that give a line of this length."""

    dimensions = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The mean over windows that give an image of this size."""

    dimensions = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The mean over windows that give a volume of this size."""

    dimensions = 3


class AdaptiveSumPool2d(_AdaptiveAvgPool):
    """The sum over windows that give an image of this size; they tile it."""

    dimensions = 2

    def _pooled(self, x: Tensor) -> Tensor:
        windows = self.windows(*x.shape[-2:])
        return F.avg_pool2d(x, windows, windows, divisor_override=1)
