"""Layers of weights on a chip's grid; their sums are exact, which is proved at every call."""

from __future__ import annotations

from math import isfinite
from typing import Any

import torch
from torch import Tensor

from quant.formats import ChipFormat, chip_format
from quant.straight_through import integers_on_grid, on_grid
from snncore import layer
from snncore.layer import Pair

# Integers below 2**24 are exact in float32, in whatever order they are added.
EXACT_FLOAT32 = 1 << 24


class _OnGrid(layer.Layer):
    """What quantized weights have in common."""

    weight: Tensor
    bias: Tensor | None

    # Set by a block, which hands the bias to its neurons.
    in_block = False

    def _set_format(self, name: str, exponent: int | None) -> None:
        self.format: ChipFormat = chip_format(name)
        self.exponent = self.format.exponent_or(exponent)
        if self.bias is not None:
            with torch.no_grad():
                self.bias.zero_()

    @property
    def unit(self) -> float:
        """What one integer means."""
        return float(2.0**self.exponent)

    def quantized_weight(self) -> Tensor:
        """The weights on the grid, with gradients."""
        name = f"{type(self).__name__}.weight"
        return on_grid(self.weight, self.format.weights, self.unit, name)

    def integer_weight(self) -> Tensor:
        """The chip's integers."""
        values: Tensor = self.weight.detach()
        return integers_on_grid(values, self.format.weights, self.unit).to(torch.int64)

    def _exact(self, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Input and weights in a type that holds every partial sum."""
        if self.bias is not None and not self.in_block:
            raise ValueError(
                f"{type(self).__name__}: the chip adds a bias to the voltage, so the neurons need "
                "it (put the layer and its neurons into quant.Block, or use CubaLIF(bias=...))"
            )
        flat = weight.detach().reshape(weight.shape[0], -1)
        largest = float(x.detach().abs().max()) if x.numel() else 0.0
        bound = float(flat.abs().sum(dim=1).max()) / self.unit * max(largest, 1.0)
        kind = torch.float32 if bound < EXACT_FLOAT32 else torch.float64
        return x.to(kind), weight.to(kind)

    def _config(self) -> dict[str, Any]:
        return {"exponent": self.exponent, "format": self.format.name}


class Linear(_OnGrid, layer.Linear):
    """Every input to every output, on the grid."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = False,
        *,
        exponent: int | None = None,
        format: str = "loihi",  # noqa: A002
    ) -> None:
        layer.Linear.__init__(self, in_features, out_features, bias)
        self._set_format(format, exponent)

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        return layer.Linear.config(self) | self._config()

    def forward(self, x: Tensor) -> Tensor:
        """The weighted sums, exact."""
        self.input_shape = (x.shape[-1],)
        with torch.autocast(x.device.type, enabled=False):
            exact, weight = self._exact(x, self.quantized_weight())
            return torch.nn.functional.linear(exact, weight)


class Conv2d(_OnGrid, layer.Conv2d):
    """A convolution on the grid."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = False,
        *,
        exponent: int | None = None,
        format: str = "loihi",  # noqa: A002
    ) -> None:
        layer.Conv2d.__init__(
            self, in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias
        )
        self._set_format(format, exponent)

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        return layer.Conv2d.config(self) | self._config()

    def forward(self, x: Tensor) -> Tensor:
        """The weighted sums, exact."""
        self.input_shape = tuple(x.shape[-3:])
        with torch.autocast(x.device.type, enabled=False):
            exact, weight = self._exact(x, self.quantized_weight())
            return _snapped(self.correlate(exact, weight, None), self.unit)


class SumPool2d(layer.SumPool2d):
    """The sum over windows, each input weighing `weight` (on the grid, 1 unless told)."""

    bias: None = None
    in_block = False

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        *,
        weight: float = 1.0,
        exponent: int | None = None,
        format: str = "loihi",  # noqa: A002
    ) -> None:
        super().__init__(kernel_size, stride)
        self.format: ChipFormat = chip_format(format)
        self.exponent = self.format.exponent_or(exponent)
        grid = self.format.weights
        scaled = weight / 2.0**self.exponent
        integer = round(scaled) if isfinite(scaled) else grid.maximum + 1
        exact = integer == scaled and integer % grid.step == 0
        if not exact or not grid.minimum <= integer <= grid.maximum:
            raise ValueError(f"SumPool2d.weight: {weight:g} is not on the grid of {format}")
        self.weight_integer = integer

    @property
    def unit(self) -> float:
        """What one integer means."""
        return float(2.0**self.exponent)

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        return super().config() | {
            "weight": self.weight_integer * self.unit,
            "exponent": self.exponent,
            "format": self.format.name,
        }

    def forward(self, x: Tensor) -> Tensor:
        """The weighted sums, exact: counts of spikes times the weight."""
        self.input_shape = tuple(x.shape[-3:])
        return self.pool(x.to(torch.float32)) * (self.weight_integer * self.unit)


class _Snap(torch.autograd.Function):
    """To the nearest grid point: undoes the rounding of transforms that some kernels use."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, unit: float) -> Tensor:
        return torch.round(x * (1 / unit)) * unit

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return gradients[0], None


def _snapped(x: Tensor, unit: float) -> Tensor:
    result: Tensor = _Snap.apply(x, unit)
    return result
