"""Convolutions of lines, images and volumes on a chip's grid."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from quant.grid.exact import snapped, without_autocast
from quant.grid.gpu.snapping import snapped_in_a_kernel, snaps
from quant.grid.gpu.sums import Geometry
from quant.layer.synapse import GridLayer
from snncore import layer
from snncore.layer.weights.convolution import Size


class _GridConvolution(GridLayer):
    """The common part: torch's geometry, and sums that are proved exact."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = False,
        *,
        exponent: int | None = None,
        format: Any = None,  # noqa: A002
        scale: str | float = "fixed",
        per_channel: bool = False,
        largest_input: int = 1,
    ) -> None:
        geometry: Any = (kernel_size, stride, padding, dilation, groups, bias)
        self._floats().__init__(self, in_channels, out_channels, *geometry)
        self._set_format(format, exponent, scale, per_channel, largest_input)

    @classmethod
    def _floats(cls) -> Any:
        """Return the float layer that this one derives from."""
        raise NotImplementedError(f"{cls.__name__} has no float layer")

    def config(self) -> dict[str, Any]:
        """Return the arguments of an equal module as plain data."""
        config: dict[str, Any] = self._floats().config(self)
        return config | self._config()

    def weighted(self, x: Tensor, weight: Tensor) -> tuple[Tensor, float]:
        """Return the sums, exact after rounding to the grid, and the largest sum in units."""
        self.input_shape = tuple(x.shape[1 - weight.ndim :])
        with without_autocast(x):
            exact, kernel, most = self._exact(x, weight, self.format.kernel_bits)
            return self._floats().correlate(self, exact, kernel, None), most

    def whole(self, sums: Tensor) -> Tensor:
        """Return sums rounded to whole units, which transforms in some kernels miss."""
        unit = self.unit
        if snaps(sums, unit):
            return snapped_in_a_kernel(sums, float(unit))
        return snapped(sums, unit)

    def layout(self) -> Geometry | None:
        """Return how inputs meet weights."""
        own: Any = self
        stride, padding, dilation = map(tuple, (own.stride, own.padding, own.dilation))
        return Geometry(self.weight.ndim - 1, stride, padding, dilation, own.groups)

    def sums(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return the sums with plain float weights."""
        sums: Tensor = self._floats().correlate(self, x.to(weight.dtype), weight, bias)
        return sums


class Conv1d(_GridConvolution, layer.Conv1d):
    """A convolution of lines on the grid."""

    @classmethod
    def _floats(cls) -> Any:
        return layer.Conv1d


class Conv2d(_GridConvolution, layer.Conv2d):
    """A convolution of images on the grid."""

    @classmethod
    def _floats(cls) -> Any:
        return layer.Conv2d


class Conv3d(_GridConvolution, layer.Conv3d):
    """A convolution of volumes on the grid."""

    @classmethod
    def _floats(cls) -> Any:
        return layer.Conv3d
