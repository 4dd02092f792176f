"""Convolutions of every dimension and their transposes, time merged into the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from snncore.layer.steps import merged, sizes
from snncore.layer.weights.linear import Layer

Size = int | Sequence[int]


class _Convolution(Layer):
    """The common part of convolutions: their geometry, and torch's initial weights."""

    dimensions: ClassVar[int]
    make: ClassVar[Any]
    run: ClassVar[Any]
    weight: Tensor
    bias: Tensor | None
    geometry: ClassVar[tuple[str, ...]] = ("kernel_size", "stride", "padding", "dilation")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        geometry = {"kernel_size": kernel_size, "stride": stride}
        for name, value in (geometry | {"padding": padding, "dilation": dilation}).items():
            setattr(self, name, sizes(value, self.dimensions))
        inner = type(self).make(in_channels, out_channels, kernel_size, groups=groups, bias=bias)
        self.weight, self.bias = inner.weight, inner.bias

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        channels = {"in_channels": self.in_channels, "out_channels": self.out_channels}
        geometry = {key: list(getattr(self, key)) for key in self.geometry}
        return channels | geometry | {"groups": self.groups, "bias": self.bias is not None}

    def forward(self, x: Tensor) -> Tensor:
        """Compute the weighted sums of a sequence, or of a single step."""
        self.input_shape = tuple(x.shape[-self.dimensions - 1 :])
        return self.correlate(x, self.weight, self.bias)

    def correlate(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Compute the sums with the given weights."""
        return merged(lambda rows: self._sums(rows, weight, bias), x, self.dimensions + 1)

    def _sums(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        geometry = [getattr(self, key) for key in self.geometry[1:]]
        result: Tensor = type(self).run(x, weight, bias, *geometry, self.groups)
        return result


class Conv1d(_Convolution):
    """A convolution of lines: (T, N, C, L), or (N, C, L) for a single step."""

    dimensions, make, run = 1, nn.Conv1d, staticmethod(F.conv1d)


class Conv3d(_Convolution):
    """A convolution of volumes: (T, N, C, D, H, W), or (N, C, D, H, W) for a single step."""

    dimensions, make, run = 3, nn.Conv3d, staticmethod(F.conv3d)


class _Transposed(_Convolution):
    """The extra part of transposed convolutions: the padding at the far end."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        )
        self.output_padding = sizes(output_padding, self.dimensions)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return super().config() | {"output_padding": list(self.output_padding)}

    def _sums(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        stride, padding, dilation = (getattr(self, key) for key in self.geometry[1:])
        result: Tensor = type(self).run(
            x, weight, bias, stride, padding, self.output_padding, self.groups, dilation
        )
        return result


class ConvTranspose1d(_Transposed):
    """A transposed convolution of lines."""

    dimensions, make, run = 1, nn.ConvTranspose1d, staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_Transposed):
    """A transposed convolution of images."""

    dimensions, make, run = 2, nn.ConvTranspose2d, staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_Transposed):
    """A transposed convolution of volumes."""

    dimensions, make, run = 3, nn.ConvTranspose3d, staticmethod(F.conv_transpose3d)
