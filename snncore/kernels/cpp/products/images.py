"""Tensors (T, N, ...) whose images have their channels last in memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor

from snncore.kernels.cpp.memory import ARENA

# Products read four bytes at once, and so may read behind the last value.
_BEHIND = 16


def in_memory(values: Tensor) -> Tensor:
    """Return a view of values (T, N, C, H, W) in the order of memory; others stay as they are."""
    return values.permute(0, 1, 3, 4, 2) if values.ndim == 5 else values


def by_channel(values: Tensor) -> Tensor:
    """Return a view of values in the order of memory as (T, N, C, H, W)."""
    return values.permute(0, 1, 4, 2, 3) if values.ndim == 5 else values


def order_of(shape: Sequence[int]) -> tuple[int, ...]:
    """Return a sample's shape in the order of memory."""
    return (*shape[1:], shape[0]) if len(shape) == 3 else tuple(shape)


def empty(shape: Sequence[int], kind: torch.dtype) -> Tensor:
    """Return uninitialized memory of this shape, which is that in memory, with room behind it."""
    size = prod(shape)
    return ARENA.empty((size + _BEHIND,), kind)[:size].view(tuple(shape))


def readable(values: Tensor, kind: torch.dtype) -> Tensor:
    """Return values in the order of memory as products read them; a copy only if needed."""
    ordered = in_memory(values)
    if ordered.dtype == kind and _is_dense(ordered) and _has_room(ordered):
        return ordered
    return empty(ordered.shape, kind).copy_(ordered)


def _is_dense(values: Tensor) -> bool:
    """Return whether the values of a sample lie one after another."""
    size = 1
    for length, stride in zip(
        reversed(values.shape[2:]), reversed(values.stride()[2:]), strict=True
    ):
        if length > 1 and stride != size:
            return False
        size *= length
    return True


def _has_room(values: Tensor) -> bool:
    if values.shape[-1] * values.element_size() % 4 == 0:
        return True
    strides = zip(values.shape, values.stride(), strict=True)
    last = values.storage_offset() + sum((length - 1) * stride for length, stride in strides)
    return values.untyped_storage().nbytes() - (last + 1) * values.element_size() >= 3
