"""A surrogate: a slope in the words of equations, and the firing rule that has this slope."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import torch

from snncore.dynamics import numbers_like


@dataclass(frozen=True)
class Surrogate:
    """A smooth stand-in for the derivative of the firing rule; its fields are positive numbers."""

    def __post_init__(self) -> None:
        for name, value in self.values().items():
            if not value > 0:
                raise ValueError(f"{type(self).__name__}: {name} is {value}, not positive")

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold, in the words of equations."""
        raise NotImplementedError(f"{type(self).__name__} defines no gradient")

    def values(self) -> dict[str, float]:
        """Return the surrogate's numbers by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __call__(self, distance: torch.Tensor, strict: bool = False) -> torch.Tensor:
        """Return the spikes, with this gradient."""
        spikes: torch.Tensor = _Fire.apply(distance, self, strict, 1.0)
        return spikes

    def scaled(
        self, distance: torch.Tensor, strict: bool, unit: float | torch.Tensor
    ) -> torch.Tensor:
        """Return the spikes for distances in units of `unit`, one for all or one per channel."""
        spikes: torch.Tensor = _Fire.apply(distance, self, strict, unit)
        return spikes


class _Fire(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        distance: torch.Tensor,
        surrogate: Surrogate,
        strict: bool,
        unit: float | torch.Tensor,
    ) -> torch.Tensor:
        ctx.save_for_backward(distance)
        ctx.surrogate, ctx.unit = surrogate, unit
        return (distance > 0 if strict else distance >= 0).to(distance.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (distance,) = ctx.saved_tensors
        with numbers_like(distance):
            slope = ctx.surrogate.gradient(distance * ctx.unit) * ctx.unit
        return gradients[0] * slope, None, None, None
