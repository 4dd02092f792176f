"""Pools that choose or average, on sequences of images."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional as F

from snncore.layer.synapse import Layer, Pair, pair


class MaxPool2d(Layer):
    """The largest of every window; of spikes: whether any fired."""

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
    ) -> None:
        super().__init__()
        self.kernel_size, self.padding = pair(kernel_size), pair(padding)
        self.stride = self.kernel_size if stride is None else pair(stride)

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        return {key: list(getattr(self, key)) for key in ("kernel_size", "stride", "padding")}

    def forward(self, x: Tensor) -> Tensor:
        """The largest values."""
        self.input_shape = tuple(x.shape[-3:])
        images = x.reshape(-1, *x.shape[-3:])
        result = F.max_pool2d(images, self.kernel_size, self.stride, self.padding)
        return result.reshape(*x.shape[:-3], *result.shape[1:])


class AvgPool2d(Layer):
    """The mean of every window."""

    def __init__(self, kernel_size: int | Pair, stride: int | Pair | None = None) -> None:
        super().__init__()
        self.kernel_size = pair(kernel_size)
        self.stride = self.kernel_size if stride is None else pair(stride)

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        return {key: list(getattr(self, key)) for key in ("kernel_size", "stride")}

    def forward(self, x: Tensor) -> Tensor:
        """The means."""
        self.input_shape = tuple(x.shape[-3:])
        images = x.reshape(-1, *x.shape[-3:])
        result = F.avg_pool2d(images, self.kernel_size, self.stride)
        return result.reshape(*x.shape[:-3], *result.shape[1:])


class AdaptiveAvgPool2d(Layer):
    """The mean of windows whose size follows from the size of the result."""

    def __init__(self, output_size: int | Pair) -> None:
        super().__init__()
        self.output_size = pair(output_size)

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        return {"output_size": list(self.output_size)}

    def windows(self, height: int, width: int) -> Pair:
        """The size of the windows that tile an image.

        Raises:
            ValueError: if none do.
        """
        rows, columns = self.output_size
        if height % rows or width % columns:
            raise ValueError(
                f"AdaptiveAvgPool2d: no windows tile {height} x {width} into {rows} x {columns}"
            )
        return height // rows, width // columns

    def forward(self, x: Tensor) -> Tensor:
        """The means."""
        self.input_shape = tuple(x.shape[-3:])
        images = x.reshape(-1, *x.shape[-3:])
        result = F.adaptive_avg_pool2d(images, self.output_size)
        return result.reshape(*x.shape[:-3], *result.shape[1:])
