"""The surrogates this library brings; formulas and defaults are those of SpikingJelly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from snncore.dynamics import absolute, exp, log, maximum, select, sigmoid
from snncore.surrogate.rule import Surrogate


@dataclass(frozen=True)
class ATan(Surrogate):
    """The derivative of an arctangent, as wide as its tail is long."""

    alpha: float = 2.0

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        scaled = distance * (math.pi / 2 * self.alpha)
        return (self.alpha / 2) / (1 + scaled * scaled)


@dataclass(frozen=True)
class Sigmoid(Surrogate):
    """The derivative of a logistic curve."""

    alpha: float = 4.0

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        curve = sigmoid(distance * self.alpha)
        return self.alpha * curve * (1 - curve)


@dataclass(frozen=True)
class PiecewiseQuadratic(Surrogate):
    """alpha at the threshold, falling to zero at a distance of 1 / alpha."""

    alpha: float = 1.0

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        return maximum(self.alpha - self.alpha * self.alpha * absolute(distance), 0.0)


@dataclass(frozen=True)
class Triangle(PiecewiseQuadratic):
    """The derivative of the piecewise quadratic curve, named after its own shape."""


@dataclass(frozen=True)
class PiecewiseExp(Surrogate):
    """An exponential that falls on both sides."""

    alpha: float = 1.0

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        return self.alpha / 2 * exp(-self.alpha * absolute(distance))


@dataclass(frozen=True)
class SoftSign(Surrogate):
    """The derivative of the soft sign."""

    alpha: float = 2.0

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        reach = 1 / self.alpha + absolute(distance)
        return 1 / (2 * self.alpha * (reach * reach))


@dataclass(frozen=True)
class SuperSpike(Surrogate):
    """A fast sigmoid's derivative, not normalized."""

    alpha: float = 1.0

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        reach = 1 + absolute(distance)
        return self.alpha / (reach * reach)


@dataclass(frozen=True)
class Erf(Surrogate):
    """A bell: the derivative of the error function."""

    alpha: float = 2.0

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        scaled = distance * self.alpha
        return self.alpha / math.sqrt(math.pi) * exp(-(scaled * scaled))


@dataclass(frozen=True)
class Rectangular(Surrogate):
    """alpha within a distance of 1 / (2 alpha): the straight-through estimator."""

    alpha: float = 1.0

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        return select(absolute(distance) < 1 / (2 * self.alpha), self.alpha, 0.0)


@dataclass(frozen=True)
class PiecewiseLeakyReLU(Surrogate):
    """1 / (2 width) nearer than the width, and a leak from there on: at the edges too."""

    width: float = 1.0
    leak: float = 0.01

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        return select(absolute(distance) < self.width, 1 / (2 * self.width), self.leak)


@dataclass(frozen=True)
class S2NN(Surrogate):
    """A logistic curve's derivative below the threshold, a hyperbola above it."""

    alpha: float = 4.0
    beta: float = 1.0

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        curve = sigmoid(distance * self.alpha)
        below = self.alpha * curve * (1 - curve)
        return select(distance < 0, below, self.beta / (absolute(distance) + 1))


@dataclass(frozen=True)
class QPseudoSpike(Surrogate):
    """A power of the distance; alpha is more than one."""

    alpha: float = 2.0

    def __post_init__(self) -> None:
        if not self.alpha > 1:
            raise ValueError(f"QPseudoSpike: alpha is {self.alpha}, not more than 1")

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        reach = 1 + 2 / (self.alpha - 1) * absolute(distance)
        return exp(-self.alpha * log(reach))


@dataclass(frozen=True)
class LeakyKReLU(Surrogate):
    """k above the threshold, a leak below it."""

    leak: float = 0.0
    k: float = 1.0

    def __post_init__(self) -> None:
        if not (self.leak >= 0 and self.k > 0):
            raise ValueError(f"LeakyKReLU: leak is {self.leak} and k is {self.k}")

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        return select(distance >= 0, self.k, self.leak)


@dataclass(frozen=True)
class FakeNumericalGradient(Surrogate):
    """The slope of the step from zero, at most alpha."""

    alpha: float = 0.3

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        return 1 / maximum(absolute(distance), 1 / self.alpha)


@dataclass(frozen=True)
class LogTailedReLU(Surrogate):
    """1 up to a distance of one above the threshold, then a hyperbola; a leak below."""

    leak: float = 0.0

    def __post_init__(self) -> None:
        if not self.leak >= 0:
            raise ValueError(f"LogTailedReLU: leak is {self.leak}")

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        return select(distance > 0, 1 / maximum(distance, 1.0), self.leak)


@dataclass(frozen=True)
class NonzeroSignLogAbs(Surrogate):
    """A hyperbola on both sides, not normalized."""

    alpha: float = 1.0

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        return 1 / (1 / self.alpha + absolute(distance))


@dataclass(frozen=True)
class StraightThrough(Surrogate):
    """1 everywhere: the gradient passes as it is."""

    def gradient(self, distance: Any) -> Any:
        """Return the derivative at this distance from the threshold."""
        return select(distance > 0, 1.0, 1.0)
