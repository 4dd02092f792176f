"""The surrogates that snnTorch has beside ours; formulas and defaults are its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from snncore.dynamics import absolute, exp, select
from snncore.surrogate.rule import Surrogate


@dataclass(frozen=True)
class FastSigmoid(Surrogate):
    """A fast sigmoid's derivative of this slope, 1 at the threshold."""

    slope: float = 25.0

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        reach = self.slope * absolute(distance) + 1.0
        return 1 / (reach * reach)


@dataclass(frozen=True)
class SparseFastSigmoid(FastSigmoid):
    """A fast sigmoid's derivative, farther than `beyond` above the threshold alone."""

    beyond: float = 1.0

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        return select(distance > self.beyond, super().gradient(distance), 0.0)


@dataclass(frozen=True)
class SpikeRateEscape(Surrogate):
    """An exponential that falls on both sides of a distance of 1."""

    beta: float = 1.0
    slope: float = 25.0

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        return self.slope * exp(-self.beta * absolute(distance - 1.0))


@dataclass(frozen=True)
class Triangular(Surrogate):
    """`threshold` below the threshold and minus that from it on."""

    threshold: float = 1.0

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        return select(distance >= 0, -self.threshold, self.threshold)
