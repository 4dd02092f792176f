"""Values rounded to whole steps of a power of two, with straight-through gradients."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite, log, log2

import torch
from torch import Tensor

# The steps that single precision multiplies by without loss.
_POWERS = 64


@dataclass(frozen=True)
class StepRange:
    """The integers that an encoder of so many bits has, and the exponent of their step."""

    exponent: int
    low: int
    high: int

    @classmethod
    def of_bits(cls, exponent: int, bits: int, signed: bool) -> StepRange:
        """Return all integers of this many bits."""
        low, high = (-(1 << (bits - 1)), 1 << (bits - 1)) if signed else (0, 1 << bits)
        return cls(exponent, low, high - 1)

    @property
    def largest(self) -> int:
        """The largest size of an integer."""
        return max(-self.low, self.high)


def calibrated(values: Tensor, bits: int, signed: bool | None) -> StepRange:
    """Return the finest steps whose range holds every value; a count stays as it is.

    Raises:
        ValueError: if a value is not finite, or all are zero, so that no step follows from them.
    """
    wide = values.detach().double()
    low, high = float(wide.min()), float(wide.max())
    if not (isfinite(low) and isfinite(high)):
        raise ValueError("a value of the example is NaN or infinite")
    largest = max(abs(low), high)
    if largest == 0:
        raise ValueError("every value of the example is zero")
    form = StepRange.of_bits(0, bits, low < 0 if signed is None else signed)
    exponent = ceil(log2(largest / form.high))
    if bool((wide == wide.round()).all()):
        exponent = max(exponent, 0)
    if abs(exponent) > _POWERS:
        raise ValueError(f"values up to {largest:g} need a step of 2^{exponent}")
    return StepRange(exponent, form.low, form.high)


def rounded(x: Tensor, form: StepRange, log2: Tensor | None = None) -> Tensor:
    """Return the integers nearest to values in steps; the gradient passes except where they clip.

    `log2` is the learned logarithm of the step, whose own gradient flows through the values.
    """
    step: Tensor | float = 2.0**form.exponent if log2 is None else learned_step(log2)
    # All steps of `encoding.direct` are the same memory, which is rounded once.
    if x.ndim > 2 and x.shape[0] > 1 and x.stride(0) == 0:
        return rounded(x[0], form, log2).expand(x.shape)
    scaled = (x.to(torch.float32) / step).clamp(form.low, form.high)
    return scaled + (scaled.round() - scaled).detach()


def learned_step(log2: Tensor) -> Tensor:
    """Return 2 to the nearest whole number, exactly, with the gradient of 2 to the logarithm."""
    power = torch.ldexp(torch.ones_like(log2), log2.detach().round()).detach()
    return power * (1 + log(2.0) * (log2 - log2.detach()))
