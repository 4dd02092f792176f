"""Layers of weights on sequences: time and batch first, the layer's own axes after them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snncore.kernels.cpp.events import Geometry
from snncore.layer.steps import is_constant, merged, numbers
from snncore.layer.weights import events
from snncore.noting import Noting

Pair = tuple[int, int]


def pair(value: int | tuple[int, int]) -> Pair:
    """Return height and width from one number or two."""
    return (int(value), int(value)) if isinstance(value, int) else (int(value[0]), int(value[1]))


class Layer(Noting):
    """A layer without states; it remembers the shape it was last given."""

    def __init__(self) -> None:
        super().__init__()
        self.input_shape: tuple[int, ...] | None = None

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {}

    def extra_repr(self) -> str:
        """Return the text between the brackets of the printed module."""
        return ", ".join(f"{key}={value!r}" for key, value in self.config().items())


class Linear(Layer):
    """Every input to every output: (..., in) to (..., out)."""

    weight: Tensor
    bias: Tensor | None
    # Set by `training.event_driven`.
    events = False

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        inner = nn.Linear(in_features, out_features, bias)
        self.weight, self.bias = inner.weight, inner.bias

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {
            "in_features": self.in_features,
            "out_features": self.out_features,
            "bias": self.bias is not None,
        }

    def forward(self, x: Tensor) -> Tensor:
        """Compute the weighted sums."""
        self.input_shape = (x.shape[-1],)
        x = numbers(x, self.weight.dtype)
        if is_constant(x, 1):
            return F.linear(x[0], self.weight, self.bias).expand(len(x), -1, -1)
        if self.events and events.takes(x, self.weight, self.bias):
            return events.linear(x, self.weight, self.bias)
        return F.linear(x, self.weight, self.bias)


class Conv2d(Layer):
    """A convolution of images: (T, N, C, H, W), or (N, C, H, W) for a single step."""

    weight: Tensor
    bias: Tensor | None
    # Set by `training.event_driven`.
    events = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride = pair(kernel_size), pair(stride)
        self.padding, self.dilation, self.groups = pair(padding), pair(dilation), groups
        inner = nn.Conv2d(in_channels, out_channels, self.kernel_size, groups=groups, bias=bias)
        self.weight, self.bias = inner.weight, inner.bias

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        keys = ("kernel_size", "stride", "padding", "dilation")
        channels = {"in_channels": self.in_channels, "out_channels": self.out_channels}
        geometry = {key: list(getattr(self, key)) for key in keys}
        return channels | geometry | {"groups": self.groups, "bias": self.bias is not None}

    def forward(self, x: Tensor) -> Tensor:
        """Compute the weighted sums."""
        self.input_shape = tuple(x.shape[-3:])
        return self.correlate(x, self.weight, self.bias)

    def correlate(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Compute the sums with the given weights."""
        geometry = self.stride, self.padding, self.dilation, self.groups
        x = numbers(x, weight.dtype)
        if self.events and self.groups == 1 and events.takes(x, weight, bias):
            form = Geometry(*geometry[:3])
            return merged(lambda images: events.conv2d(images, weight, bias, form), x, 3)
        return merged(lambda images: F.conv2d(images, weight, bias, *geometry), x, 3)


class SumPool2d(Layer):
    """The sum over windows of an image."""

    def __init__(self, kernel_size: int | Pair, stride: int | Pair | None = None) -> None:
        super().__init__()
        self.kernel_size = pair(kernel_size)
        self.stride = self.kernel_size if stride is None else pair(stride)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"kernel_size": list(self.kernel_size), "stride": list(self.stride)}

    def forward(self, x: Tensor) -> Tensor:
        """Compute the sums."""
        self.input_shape = tuple(x.shape[-3:])
        return self.pool(x)

    def pool(self, x: Tensor) -> Tensor:
        """Sum up every window."""
        windows = self.kernel_size, self.stride
        return merged(lambda images: F.avg_pool2d(images, *windows, divisor_override=1), x, 3)


class Flatten(Layer):
    """All axes after time and batch as one (after the batch alone with `step_mode="s"`)."""

    def __init__(self, step_mode: str = "m") -> None:
        super().__init__()
        if step_mode not in ("s", "m"):
            raise ValueError(f"Flatten: step_mode is 's' or 'm', not {step_mode!r}")
        self.step_mode = step_mode

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"step_mode": self.step_mode}

    def forward(self, x: Tensor) -> Tensor:
        """Flatten the values in C order."""
        first = 1 if self.step_mode == "s" else 2
        self.input_shape = tuple(x.shape[first:])
        return torch.flatten(x, first)
