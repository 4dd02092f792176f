"""Layers of weights on a chip's grid; every call proves that their sums are exact."""

from __future__ import annotations

from math import inf, isfinite
from typing import Any

import torch
from torch import Tensor, nn

from quant.grid.exact import (
    EXACT_FACTOR,
    EXACT_FLOAT32,
    carried,
    largest,
    require_accumulator,
    without_autocast,
)
from quant.grid.fan_in import within_fan_in
from quant.grid.formats import ChipFormat, Grid, unit_exponent
from quant.grid.gpu.folding import Rounding, folded, folds
from quant.grid.gpu.sums import Geometry
from quant.grid.noted import is_deferred, require_noted
from quant.grid.registry import format_or_default, named
from quant.grid.scale import Scale, exponents, powers
from quant.grid.straight_through import Unit, integers_on_grid, on_grid, unit_shape
from quant.layer.assumptions import assumed_exact
from quant.layer.at_once import NOTHING, AtOnce
from snncore import layer
from snncore.layer import Pair
from snncore.one_node import OneNode, one_node

_ROW_MAJOR = torch.contiguous_format
# The number of weights that are converted to integers at a time.
_PIECE = 1 << 18


class GridLayer(OneNode, layer.Layer):
    """The base of all layers of quantized weights."""

    weight: Tensor
    bias: Tensor | None

    # Set by `training.event_driven`, in layers that can be.
    events = False
    # Set by a block, which passes the bias to its neurons.
    in_block = False

    def _set_format(
        self,
        form: Any,
        exponent: int | None,
        scale: str | float = "fixed",
        per_channel: bool = False,
        largest_input: int = 1,
    ) -> None:
        if type(largest_input) is not int or largest_input < 1:
            raise ValueError(f"largest_input: {largest_input!r} is not a count of spikes")
        # More than one if a pool adds up spikes before they are weighted.
        self.largest_input = largest_input
        # The largest input that training on a GPU assumes, once it has seen one.
        self._assumed: float | None = None
        # Its sums in compiled code, for calls like earlier ones.
        self.at_once = AtOnce()
        self.format: ChipFormat = format_or_default(form)
        if isinstance(scale, float | int):
            exponent, scale = unit_exponent(scale), Scale.FIXED
        self._exponent = self.format.exponent_or(exponent)
        self.scale, self.per_channel = Scale(scale), bool(per_channel)
        if self.per_channel and not self.format.per_channel:
            name, form = type(self).__name__, self.format.name
            raise ValueError(f"{name}: {form} has one unit per layer, not one per channel")
        # The logarithms of the units, unless they equal the exponent.
        self.log2: Tensor | None = None
        if self.scale == Scale.LEARNED or self.per_channel:
            shape = (self.weight.shape[0],) if self.per_channel else ()
            logs = torch.full(shape, float(self._exponent))
            if self.scale == Scale.LEARNED:
                self.log2 = nn.Parameter(logs)
            else:
                del self.log2
                self.register_buffer("log2", logs)
        if self.bias is not None:
            with torch.no_grad():
                self.bias.zero_()

    @property
    def exponent(self) -> int:
        """The exponent of one unit; of several, the smallest."""
        if self.log2 is None or self.log2.device.type == "meta":
            return self._exponent
        return int(exponents(self.log2, self.format.exponents).min())

    @property
    def unit(self) -> Unit:
        """The value of one integer: a number, or a tensor with one value per channel."""
        if self.log2 is None:
            return float(2.0**self._exponent)
        return powers(exponents(self.log2, self.format.exponents))

    def set_exponents(self, values: Tensor) -> None:
        """Give the layer, or every channel, a unit of 2 to these exponents.

        Raises:
            ValueError: if a layer with one fixed unit is given several.
        """
        if self.log2 is not None:
            with torch.no_grad():
                self.log2.copy_(values.to(self.log2).broadcast_to(self.log2.shape))
        elif values.numel() == 1:
            self._exponent = self.format.exponent_or(int(values))
        else:
            raise ValueError(f"{type(self).__name__}: one unit for the layer, not one per channel")

    def quantized(self, weight: Tensor | None = None) -> Tensor:
        """Return the weights (or others in their place) on the grid, with gradients."""
        values = self.weight if weight is None else weight
        name = f"{type(self).__name__}.weight"
        if folds(values, self.format):
            return folded(values, self.rounding())[0]
        unit = self._shaped_unit(values)
        result = on_grid(values, self.format.weights, unit, name, self.log2)
        return within_fan_in(result, unit, self.format, self.largest_input)

    def rounding(self) -> Rounding:
        """Return how the weights are rounded, as kernels take it."""
        name = f"{type(self).__name__}.weight"
        return Rounding(self.format, self.unit, self.log2, self.largest_input, name)

    def integer_weight(self, weight: Tensor | None = None) -> Tensor:
        """Return the chip's integers."""
        return self.narrow_integers(weight).to(torch.int64)

    @property
    def narrow_type(self) -> torch.dtype:
        """The narrowest type that holds every integer of the grid."""
        return _narrow(self.format.weights)

    def narrow_integers(self, weight: Tensor | None = None, out: Tensor | None = None) -> Tensor:
        """Return the chip's integers in the narrowest type for their grid, or in `out`."""
        require_noted()
        values: Tensor = (self.weight if weight is None else weight).detach()
        unit, grid = self._shaped_unit(values), self.format.weights
        if out is None:
            out = torch.empty_like(values, dtype=self.narrow_type, memory_format=_ROW_MAJOR)
        count = max(1, _PIECE * len(values) // max(values.numel(), 1))
        # Convert some outputs at a time, so that large layers are not copied several times over.
        for start in range(0, len(values), count):
            rows = slice(start, start + count)
            one = unit[rows] if isinstance(unit, Tensor) and len(unit) > 1 else unit
            integers = integers_on_grid(values[rows], grid, one)
            out[rows] = within_fan_in(integers, 1.0, self.format, self.largest_input)
        return out

    def driven(self, x: Tensor, weight: Tensor | None) -> tuple[Tensor, float]:
        """Return the exact sums of weights that are rounded first, and the largest in units."""
        return self.weighted(x, self.quantized(weight))

    def weighted(self, x: Tensor, weight: Tensor) -> tuple[Tensor, float]:
        """Return the sums, exact after rounding to the grid, and the largest sum in units."""
        raise NotImplementedError(f"{type(self).__name__} has no weights")

    def sums(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return the sums with plain float weights."""
        raise NotImplementedError(f"{type(self).__name__} has no weights")

    @torch.no_grad()
    def frozen(self, integers: Tensor) -> GridLayer:
        """Return a layer of these integers in the present unit, without a bias."""
        kind: Any = type(self)
        layer_: GridLayer = kind(**self.config() | {"scale": "fixed", "bias": False})
        if layer_.log2 is not None and self.log2 is not None:
            layer_.log2.copy_(torch.round(self.log2))
        layer_.to(self.weight.device)
        layer_.put(integers, self.unit)
        layer_.input_shape = self.input_shape
        return layer_

    @torch.no_grad()
    def put(self, integers: Tensor, unit: Unit) -> None:
        """Give the layer integers times a unit as its weights."""
        rows = integers.double()
        if isinstance(unit, Tensor) and unit.ndim:
            unit = unit.reshape(-1, *[1] * (rows.ndim - 1))
        self.weight.copy_(rows * unit)

    def result_like(self, x: Tensor) -> Tensor:
        """Return a tensor of the sums' shape, in a type that holds them whatever the weights."""
        return self.sums(x, self.weight, None).double()

    @one_node
    def forward(self, x: Tensor) -> Tensor:
        """Return the weighted sums, exact."""
        name = type(self).__name__
        if self.bias is not None and not self.in_block:
            raise ValueError(
                f"{name}: the chip adds a bias to the voltage, so the neurons need it "
                "(put the layer and its neurons into quant.Block, or use CubaLIF(bias=...))"
            )
        if self.log2 is not None and not self.in_block:
            raise ValueError(
                f"{name}: its neurons must count in its unit, which is learned or per channel "
                "(put the layer and its neurons into quant.Block)"
            )
        done = self.at_once.sums(self, x, NOTHING, alone=True)
        if done is not None:
            return done[0]
        sums = self.whole(self.weighted(x, self.quantized())[0])
        if is_deferred(x):
            self.at_once.learn(self, x, NOTHING, sums, alone=True)
        return sums

    def whole(self, sums: Tensor) -> Tensor:
        """Return sums rounded to whole units, where a kernel's sums may be a little off."""
        return sums

    def layout(self) -> Geometry | None:
        """Return how inputs meet weights; None if compiled code does not compute such sums."""
        return None

    def _shaped_unit(self, weight: Tensor) -> Unit:
        unit = self.unit
        if self.log2 is None or not isinstance(unit, Tensor):
            return unit
        return unit.reshape(unit_shape(self.log2, weight))

    def _exact(self, x: Tensor, weight: Tensor, bits: int) -> tuple[Tensor, Tensor, float]:
        """Return input and weights in a type that holds every partial sum, and the largest sum."""
        if is_deferred(x):
            return assumed_exact(self, x, weight, bits)
        rows = weight.detach().flatten(1)
        most = max(largest(x), 1.0)
        units = self._most_units(torch.linalg.vector_norm(rows, 1, dim=1))
        if units >= EXACT_FLOAT32:
            # From here on a sum in float32 may be smaller than it should be.
            units = self._most_units(torch.linalg.vector_norm(rows.double(), 1, dim=1))
        bound = units * most
        require_accumulator(type(self).__name__, bound, bits)
        grid = self.format.weights
        factor = max(-grid.minimum, grid.maximum) / grid.step
        if factor > EXACT_FACTOR:
            factor = self._most_units(torch.linalg.vector_norm(rows, inf, dim=1)) / grid.step
        kind = carried(bound, max(factor, most))
        return x.to(kind), weight.to(kind), bound

    def _most_units(self, rows: Tensor) -> float:
        """Return the largest of one value per row, in units of its row."""
        unit = self.unit
        if isinstance(unit, Tensor):
            return float((rows / unit).max())
        return float(rows.max()) / unit

    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = {"exponent": self.exponent, "format": named(self.format)}
        if self.log2 is not None:
            config |= {"scale": self.scale.value, "per_channel": self.per_channel}
        if self.largest_input > 1:
            config["largest_input"] = self.largest_input
        return config


def _narrow(grid: Grid) -> torch.dtype:
    """Return the narrowest type that holds every integer of a grid."""
    kinds = ((torch.int8, 1 << 7), (torch.int16, 1 << 15), (torch.int32, 1 << 31))
    fits = (kind for kind, half in kinds if -half <= grid.minimum and grid.maximum < half)
    return next(fits, torch.int64)


class Linear(GridLayer, layer.Linear):
    """A dense layer on the grid."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = False,
        *,
        exponent: int | None = None,
        format: Any = None,  # noqa: A002
        scale: str | float = "fixed",
        per_channel: bool = False,
        largest_input: int = 1,
    ) -> None:
        layer.Linear.__init__(self, in_features, out_features, bias)
        self._set_format(format, exponent, scale, per_channel, largest_input)

    def config(self) -> dict[str, Any]:
        """Return the arguments of an equal module as plain data."""
        return layer.Linear.config(self) | self._config()

    def weighted(self, x: Tensor, weight: Tensor) -> tuple[Tensor, float]:
        """Return the sums, exact, and the largest sum in units."""
        self.input_shape = (x.shape[-1],)
        with without_autocast(x):
            exact, weight, most = self._exact(x, weight, self.format.dense_bits)
            return torch.nn.functional.linear(exact, weight), most

    def layout(self) -> Geometry | None:
        """Return how inputs meet weights."""
        return Geometry(1)

    def sums(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return the sums with plain float weights."""
        return torch.nn.functional.linear(x.to(weight.dtype), weight, bias)


class SumPool2d(layer.SumPool2d):
    """The sum over windows, in which each input has the weight `weight` on the grid (default 1)."""

    # A pool answers what weights answer, without weights that could be trained.
    weight: None = None
    bias: Tensor | None = None
    log2: None = None
    in_block = False

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        *,
        weight: float = 1.0,
        exponent: int | None = None,
        format: Any = None,  # noqa: A002
    ) -> None:
        super().__init__(kernel_size, stride)
        self.format: ChipFormat = format_or_default(format)
        self.exponent = self.format.exponent_or(exponent)
        grid = self.format.weights
        scaled = weight / 2.0**self.exponent
        integer = round(scaled) if isfinite(scaled) else grid.maximum + 1
        exact = integer == scaled and integer % grid.step == 0
        if not exact or not grid.minimum <= integer <= grid.maximum:
            raise ValueError(
                f"SumPool2d.weight: {weight:g} is not on the grid of {self.format.name}"
            )
        self.weight_integer = integer

    @property
    def unit(self) -> float:
        """The value of one integer."""
        return float(2.0**self.exponent)

    def config(self) -> dict[str, Any]:
        """Return the arguments of an equal module as plain data."""
        return super().config() | {
            "weight": self.weight_integer * self.unit,
            "exponent": self.exponent,
            "format": named(self.format),
        }

    def forward(self, x: Tensor) -> Tensor:
        """Return the weighted sums, exact: counts of spikes times the weight."""
        self.input_shape = tuple(x.shape[-3:])
        return self.pool(x.to(torch.float32)) * (self.weight_integer * self.unit)

    def set_exponents(self, values: Tensor) -> None:
        """Refuse another unit.

        Raises:
            ValueError: always.
        """
        raise ValueError("Block: the unit of a pool is chosen when it is created")

    def integer_weight(self, weight: Tensor | None = None) -> Tensor:
        """Return the integer that every input is multiplied by."""
        return torch.tensor(self.weight_integer)

    def driven(self, x: Tensor, weight: Tensor | None) -> tuple[Tensor, None]:
        """Return the sums, exact; the largest is not known."""
        return self.forward(x), None

    def sums(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return the sums."""
        return self.forward(x)

    def frozen(self, integers: Tensor) -> SumPool2d:
        """Return the pool itself, which has nothing to reduce."""
        return self
