"""The check of a surrogate of somebody's own, before it trains anything."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

from snncore.dynamics import Equations, evaluate, numbers_like, trace
from snncore.dynamics.words import TABLE
from snncore.surrogate.rule import Surrogate

# Distances on both sides: at the threshold, about it, and as far as a voltage may run away.
_DISTANCES = tuple(
    sign * size for size in (0.0, 1e-6, 0.1, 0.25, 0.5, 1.0, 2.0, 7.5, 100.0) for sign in (-1, 1)
)
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class SurrogateReport:
    """A surrogate's gradient in numbers."""

    # At the threshold, at the steepest of the distances tried, and the area from -100 to 100.
    at_threshold: float
    largest: float
    area: float
    symmetric: bool

    def to_text(self) -> str:
        """Return the numbers as a line of text."""
        sides = "alike" if self.symmetric else "not alike"
        return (
            f"gradient {self.at_threshold:.4g} at the threshold, at most {self.largest:.4g}, "
            f"area {self.area:.4g}; the two sides are {sides}"
        )


def check(rule: Surrogate) -> SurrogateReport:
    """Check that a surrogate's gradient computes alike as number, tensor and equation.

    All kernels are printed from the equation, so the check holds for every backend.

    Raises:
        ValueError: if it is not finite, is negative everywhere, or differs from one form to the
            other; names the surrogate and the distance.
        TypeError: if it is not written in the words of equations.
    """
    name = type(rule).__name__
    slopes = [_on_number(rule, distance) for distance in _DISTANCES]
    for distance, slope in zip(_DISTANCES, slopes, strict=True):
        if not math.isfinite(slope):
            raise ValueError(
                f"{name}.gradient: is {slope} at a distance of {distance:g} (bound it with "
                "minimum or maximum)"
            )
    if max(slopes) <= 0:
        raise ValueError(f"{name}.gradient: is nowhere above zero, so nothing learns")
    _compare(name, "an equation", slopes, _on_equations(rule, name))
    _compare(name, "a tensor", slopes, _on_tensor(rule))
    _compare(name, "autograd", slopes, _by_autograd(rule))
    wide = torch.linspace(-100, 100, 400_001, dtype=torch.float64)
    with numbers_like(wide):
        area = torch.trapezoid(torch.as_tensor(rule.gradient(wide)) + 0 * wide, wide)
    pairs = zip(slopes[::2], slopes[1::2], strict=True)
    alike = all(math.isclose(low, high, rel_tol=1e-9) for low, high in pairs)
    return SurrogateReport(float(rule.gradient(0.0)), max(slopes), float(area), alike)


def _on_number(rule: Surrogate, distance: float) -> float:
    try:
        return float(rule.gradient(distance))
    except ArithmeticError:
        # As a tensor it would be infinite.
        return math.inf


def _on_tensor(rule: Surrogate) -> list[float]:
    distances = torch.tensor(_DISTANCES, dtype=torch.float64)
    with numbers_like(distances):
        try:
            values = torch.as_tensor(rule.gradient(distances)) + 0 * distances
        except (RuntimeError, TypeError) as error:
            raise ValueError(
                f"{type(rule).__name__}.gradient: fails on a tensor: {error} (write it with the "
                "words of snncore.dynamics alone, and select instead of if)"
            ) from error
    return [float(value) for value in values]


def _on_equations(rule: Surrogate, name: str) -> list[float]:
    def step(v: Any, x: Any) -> Any:
        return v, rule.gradient(x)

    equations: Equations = trace(step, states=("v",), parameters=(), name=name)
    return [
        float(evaluate(equations, TABLE, {"v": 0.0}, {"x": distance}, {})[1])
        for distance in _DISTANCES
    ]


def _by_autograd(rule: Surrogate) -> list[float]:
    distances = torch.tensor(_DISTANCES, dtype=torch.float64, requires_grad=True)
    rule(distances).sum().backward()
    assert distances.grad is not None
    return [float(value) for value in distances.grad]


def _compare(name: str, form: str, slopes: list[float], others: list[float]) -> None:
    for distance, slope, other in zip(_DISTANCES, slopes, others, strict=True):
        if not math.isclose(slope, other, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE):
            raise ValueError(
                f"{name}.gradient: is {slope:g} at a distance of {distance:g} as a number and "
                f"{other:g} as {form} (write it with the words of snncore.dynamics alone)"
            )
