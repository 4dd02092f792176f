"""Sums on a GPU, proved exact for inputs up to an assumed size, to which later ones are held."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from quant.grid.exact import EXACT_FACTOR, EXACT_FLOAT32, carried, largest, overflow
from quant.grid.noted import GREW, assumed, is_promised, note_largest


def assumed_exact(layer: Any, x: Tensor, weight: Tensor, bits: int) -> tuple[Tensor, Tensor, float]:
    """Return input and weights in a type that holds every partial sum, and the largest sum."""
    if layer._assumed is None:
        top, step = _ends(layer)
        units = weight.numel() // weight.shape[0] * top
        room = min(EXACT_FACTOR, EXACT_FLOAT32 // 2 * step // units)
        layer._assumed = assumed(largest(x), float(layer.largest_input), room)
    require_assumed(layer, x)
    bound, most = bound_of(layer, weight), 1 << (bits - 1)
    if bound >= most:
        rows = torch.linalg.vector_norm(weight.detach().flatten(1).double(), 1, dim=1)
        limit = (most - 1) / layer._assumed
        note_largest(rows / layer.unit, limit, f"{type(layer).__name__}: {overflow(most, bits)}")
        bound = float(most)
    kind = carried_by(layer, bound)
    if x.dtype == weight.dtype == kind:
        return x, weight, bound
    return x.to(kind), weight.to(kind), bound


def require_assumed(layer: Any, x: Tensor) -> None:
    """Note whether an input is larger than was assumed, unless that is known."""
    if not is_promised(x, layer._assumed):
        name = type(layer).__name__
        note_largest(x, layer._assumed, f"{name}: its input grew beyond {layer._assumed:g} {GREW}")


def bound_of(layer: Any, weight: Tensor) -> float:
    """Return the largest sum, in units, of any weights on the grid."""
    bound: float = weight.numel() // weight.shape[0] * _ends(layer)[0] * layer._assumed
    return bound


def carried_by(layer: Any, bound: float) -> torch.dtype:
    """Return the type that holds sums up to a bound in units."""
    top, step = _ends(layer)
    return carried(bound / step, max(top / step, layer._assumed))


def _ends(layer: Any) -> tuple[int, int]:
    """Return the largest integer of the grid, and its step."""
    grid = layer.format.weights
    return max(-grid.minimum, grid.maximum), grid.step
