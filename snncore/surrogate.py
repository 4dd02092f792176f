"""Surrogate gradients: what the derivative of a spike is taken to be while training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Surrogate:
    """A smooth stand-in for the derivative of the firing rule."""

    alpha: float = 2.0

    def __post_init__(self) -> None:
        if not self.alpha > 0:
            raise ValueError(f"{type(self).__name__}: alpha is {self.alpha}, not positive")

    def gradient(self, distance: torch.Tensor) -> torch.Tensor:
        """The derivative at this distance from the threshold."""
        raise NotImplementedError(f"{type(self).__name__} defines no gradient")

    def __call__(self, distance: torch.Tensor, strict: bool = False) -> torch.Tensor:
        """The spikes, with this gradient."""
        return _Fire.apply(distance, self, strict, 1.0)

    def scaled(self, distance: torch.Tensor, strict: bool, unit: float) -> torch.Tensor:
        """The spikes where distances are counted in units of `unit`."""
        return _Fire.apply(distance, self, strict, unit)


@dataclass(frozen=True)
class ATan(Surrogate):
    """The derivative of an arctangent, as wide as its tail is long."""

    def gradient(self, distance: torch.Tensor) -> torch.Tensor:
        """The derivative at this distance from the threshold."""
        scaled = distance * (math.pi / 2 * self.alpha)
        return (self.alpha / 2) / (1 + scaled * scaled)


@dataclass(frozen=True)
class Sigmoid(Surrogate):
    """The derivative of a logistic curve."""

    alpha: float = 4.0

    def gradient(self, distance: torch.Tensor) -> torch.Tensor:
        """The derivative at this distance from the threshold."""
        curve = torch.sigmoid(distance * self.alpha)
        return self.alpha * curve * (1 - curve)


@dataclass(frozen=True)
class Triangle(Surrogate):
    """One at the threshold, falling to zero at a distance of 1 / alpha."""

    alpha: float = 1.0

    def gradient(self, distance: torch.Tensor) -> torch.Tensor:
        """The derivative at this distance from the threshold."""
        return (1 - distance.abs() * self.alpha).clamp_min(0) * self.alpha


class _Fire(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, distance: torch.Tensor, surrogate: Surrogate, strict: bool, unit: float
    ) -> torch.Tensor:
        ctx.save_for_backward(distance)
        ctx.surrogate, ctx.unit = surrogate, unit
        return (distance > 0 if strict else distance >= 0).to(distance.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (distance,) = ctx.saved_tensors
        slope = ctx.surrogate.gradient(distance * ctx.unit) * ctx.unit
        return gradients[0] * slope, None, None, None
