"""Time merged into the batch, and back: how layers without states see a sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def merged(function: Callable[[Tensor], Tensor], x: Tensor, axes: int) -> Tensor:
    """Apply a function to all steps and samples at once; the last `axes` axes are one sample's.

    Where all steps are the same memory, as those of `encoding.direct` are, it is computed once.
    """
    x = numbers(x)
    leading = x.ndim - axes
    if leading == 1:
        return function(x)
    lead = x.shape[:leading]
    if is_constant(x, axes):
        result = function(x[0])
        return result.expand(lead[0], *result.shape)
    # The host takes longer for sizes one by one.
    images = x.flatten(0, leading - 1) if leading > 1 else x.reshape(-1, *x.shape)
    result = function(images)
    return result.reshape(lead + result.shape[1:])


def numbers(x: Tensor, kind: torch.dtype | None = None) -> Tensor:
    """Return spikes that are bools as zeros and ones, of this type; anything else as it is."""
    if x.dtype != torch.bool:
        return x
    return x.to(kind or torch.get_default_dtype())


def is_constant(x: Tensor, axes: int) -> bool:
    """Return whether all steps of the sequence share the same memory."""
    several = x.ndim == axes + 2 and x.shape[0] > 1 and x.shape[1] > 1
    return several and x.stride(0) == 0


def sizes(value: int | Sequence[int], count: int) -> tuple[int, ...]:
    """Return one size per axis from one number or several.

    Raises:
        ValueError: if there are not as many as axes.
    """
    if isinstance(value, int):
        return (value,) * count
    if len(value) != count:
        raise ValueError(f"{tuple(value)}: takes one size, or one for each of {count} axes")
    return tuple(int(size) for size in value)


def leading_axes(step_mode: str, name: str) -> int:
    """Return the number of axes before one sample's: batch, or time and batch.

    Raises:
        ValueError: if there is no such mode.
    """
    if step_mode not in ("s", "m"):
        raise ValueError(f"{name}: step_mode is 's' or 'm', not {step_mode!r}")
    return 1 if step_mode == "s" else 2
