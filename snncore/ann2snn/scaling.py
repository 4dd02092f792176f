"""The scale of a layer's activations: the value that a rate of one stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

_SMALLEST = 1e-6


class Scaling(Protocol):
    """A rule for thresholds."""

    def thresholds(self, activations: Tensor) -> Tensor:
        """Return one threshold per row of non-negative activations (channels, values)."""


@dataclass(frozen=True)
class Largest:
    """The largest activation: nothing is clipped."""

    def thresholds(self, activations: Tensor) -> Tensor:
        """Return one threshold per row."""
        return activations.amax(1).clamp(min=_SMALLEST)


@dataclass(frozen=True)
class Percentile:
    """The value that this percentage of the activations does not exceed."""

    percent: float = 99.9

    def __post_init__(self) -> None:
        if not 0 < self.percent <= 100:
            raise ValueError(f"Percentile: {self.percent} is not in 0..100")

    def thresholds(self, activations: Tensor) -> Tensor:
        """Return one threshold per row."""
        ordered = activations.sort(1).values
        index = min(int(ordered.shape[1] * self.percent / 100), ordered.shape[1] - 1)
        return ordered[:, index].clamp(min=_SMALLEST)


@dataclass(frozen=True)
class LeastSquares:
    """The threshold whose `levels` rates come nearest to the activations."""

    levels: int = 8
    candidates: int = 60

    def thresholds(self, activations: Tensor) -> Tensor:
        """Return one threshold per row."""
        largest = activations.amax(1).clamp(min=_SMALLEST)
        best, error = largest, torch.full_like(largest, torch.inf)
        for part in range(self.candidates, self.candidates // 10, -1):
            threshold = largest * part / self.candidates
            rates = _rates(activations, threshold.unsqueeze(1), self.levels)
            errors = (rates - activations).square().mean(1)
            best = torch.where(errors < error, threshold, best)
            error = torch.minimum(errors, error)
        return best


@dataclass(frozen=True)
class Balanced:
    """Local threshold balancing: each threshold follows the gradient of its own error.

    From the largest activation down, it is moved by the error of clipping, which asks for more, and
    of coarse levels, which asks for less.
    """

    levels: int = 8
    rounds: int = 200
    rate: float = 0.2

    def thresholds(self, activations: Tensor) -> Tensor:
        """Return one threshold per row."""
        largest = activations.amax(1, keepdim=True).clamp(min=_SMALLEST)
        threshold = largest
        power = activations.square().mean(1, keepdim=True).clamp(min=_SMALLEST**2)
        for _ in range(self.rounds):
            rates = _rates(activations, threshold, self.levels)
            clipped = activations > threshold
            # How the rates' values grow with the threshold, straight through the floor.
            grows = torch.where(clipped, 1.0, (rates - activations) / threshold)
            slope = ((rates - activations) * grows).mean(1, keepdim=True)
            threshold = threshold - self.rate * largest * threshold * slope / power
            threshold = torch.minimum(torch.maximum(threshold, 0.05 * largest), largest)
        return threshold.squeeze(1)


def _rates(activations: Tensor, threshold: Tensor, levels: int) -> Tensor:
    """Simulate the rates of neurons with this threshold for the activations over the steps."""
    scaled = torch.floor(activations * (levels / threshold) + 0.5)
    return scaled.clamp(0, levels) * (threshold / levels)
