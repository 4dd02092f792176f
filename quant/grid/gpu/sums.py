"""The plan of a layer's sums, whose kernels compiled code starts one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any

import torch
from torch import Tensor

from quant.grid.gpu.folding import Presence, Rounding, bias_type, folding
from snncore.layer import BatchNorm

_F, _D, _I, _L = torch.float32, torch.float64, torch.int32, torch.int64
# Forms of layers have plans for as long as the process lives.
_entered: dict[Any, int] = {}


@dataclass(frozen=True, slots=True)
class Geometry:
    """A convolution's geometry and the axes of one sample; a dense layer has no stride."""

    axes: int
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1


@dataclass(frozen=True, slots=True)
class Call:
    """The form of a layer's call: its input, its weights, and what is folded into them."""

    sizes: tuple[int, ...]
    weight: Tensor
    rounding: Rounding
    units: int
    geometry: Geometry
    has: Presence
    norm: BatchNorm | None = None
    # The sums whose statistics a norm takes, and those to be rounded to whole units.
    observed: Tensor | None = None
    snapped: Tensor | None = None
    learned: bool = False


def plan_of(call: Call) -> int | None:
    """Return the number of a call's plan, or None if its kernels are not compiled yet."""
    kernels = _kernels(call)
    # The backward pass compiles its kernels later than the forward pass.
    backward = torch.is_grad_enabled()
    needed = [kernels[0], *(kernels[1:2] if backward else ())]
    if call.observed is not None:
        needed += kernels[2 : 4 if backward else 3]
    if call.snapped is not None:
        needed.append(kernels[4])
    if min(needed) < 0:
        return None
    rows, shape = call.weight.shape[0], call.geometry
    spread = sqrt(max(call.weight.numel() * call.rounding.form.weights.maximum, 1))
    form = [int(call.norm is not None), int(call.has.bias), int(call.learned)]
    images = _images(call)[0] if call.observed is not None else 0
    form += [rows, call.weight.numel() // rows, images, shape.axes, shape.groups]
    form.append(int(bias_type(call.rounding.form) == _F))
    key = *kernels, *form, spread, *call.sizes, shape
    if key not in _entered:
        _entered[key] = torch.ops.snncore.enter_sums(
            kernels, form, spread, call.sizes, shape.stride, shape.padding, shape.dilation
        )
    return _entered[key]


def _kernels(call: Call) -> list[int]:
    """Return the numbers of all kernels of a call in compiled code; -1 for none."""
    from quant.grid.gpu import launches

    device, batch = call.weight.get_device(), None
    first: Sequence[int] = (-1, -1)
    if call.observed is not None and call.norm is not None:
        images, pixels = _images(call)
        batch = launches.Batch(images, pixels, call.norm.momentum)
        reduce, apart = launches.observing(images, call.norm.num_features, pixels)
        first = reduce.number_of(device, (_F,) * 2), apart.number_of(device, (_F,) * 4)
    forth, back = folding(
        call.weight, call.rounding, call.units, call.norm, batch, call.has, call.learned
    )
    bias = bias_type(call.rounding.form)
    offset = bias if call.norm is not None or call.has.bias else _F
    types = (_F, _F, _D, *(_F,) * 5, offset, _I, *(_F,) * 3, _F if batch is None else _L)
    numbers = [forth.number_of(device, types)]
    numbers.append(back.number_of(device, (_F, _D, *(_F,) * 6, bias, *(_F,) * 7)))
    snap = -1
    if call.snapped is not None and not isinstance(call.rounding.unit, Tensor):
        launch = launches.snapping(call.snapped.numel(), call.rounding.unit)
        snap = launch.number_of(device, (_F,) * 2)
    return [*numbers, *first, snap]


def _images(call: Call) -> tuple[int, int]:
    """Return the images whose statistics a norm takes, and the pixels of one."""
    assert call.observed is not None
    assert call.norm is not None
    sums = call.observed
    pixels = prod(sums.shape[1 - (call.norm.axes or 0) :])
    return sums.numel() // (call.norm.num_features * pixels), pixels
