"""Surrogates against their formulas, on numbers, tensors and symbols."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from snncore import neuron, surrogate
from snncore.dynamics import evaluate, numbers_like, select, trace
from snncore.dynamics.words import TABLE
from snncore.neuron.module import surrogate_config


def logistic(x: float) -> float:
    return 4 * math.exp(-4 * x) / (1 + math.exp(-4 * x)) ** 2


# The formulas of SpikingJelly 2.0.0 with its defaults.
FORMULAS: dict[str, Callable[[float], float]] = {
    "ATan": lambda x: 1 / (1 + (math.pi * x) ** 2),
    "Sigmoid": logistic,
    "PiecewiseQuadratic": lambda x: max(0.0, 1 - abs(x)),
    "Triangle": lambda x: max(0.0, 1 - abs(x)),
    "PiecewiseExp": lambda x: math.exp(-abs(x)) / 2,
    "SoftSign": lambda x: 1 / (4 * (0.5 + abs(x)) ** 2),
    "SuperSpike": lambda x: 1 / (1 + abs(x)) ** 2,
    "Erf": lambda x: 2 / math.sqrt(math.pi) * math.exp(-4 * x * x),
    "Rectangular": lambda x: 1.0 if abs(x) < 0.5 else 0.0,
    "PiecewiseLeakyReLU": lambda x: 0.5 if abs(x) < 1 else 0.01,
    "S2NN": lambda x: logistic(x) if x < 0 else 1 / (x + 1),
    "QPseudoSpike": lambda x: (1 + 2 * abs(x)) ** -2,
    "LeakyKReLU": lambda x: 1.0 if x >= 0 else 0.0,
    "FakeNumericalGradient": lambda x: 0.3 if x == 0 else min(1 / abs(x), 0.3),
    "LogTailedReLU": lambda x: 0.0 if x <= 0 else 1.0 if x <= 1 else 1 / x,
    "NonzeroSignLogAbs": lambda x: 1 / (1 + abs(x)),
    "StraightThrough": lambda x: 1.0,
    # Those of snnTorch 1.0.0.
    "FastSigmoid": lambda x: (25 * abs(x) + 1) ** -2,
    "SparseFastSigmoid": lambda x: (25 * abs(x) + 1) ** -2 if x > 1 else 0.0,
    "SpikeRateEscape": lambda x: 25 * math.exp(-abs(x - 1)),
    "Triangular": lambda x: 1.0 if x < 0 else -1.0,
}
# The formulas that have numbers.
NUMBERED = tuple(name for name in FORMULAS if name != "StraightThrough")
DISTANCES = (-7.5, -2.0, -1.0, -0.75, -0.5, -0.1, 0.0, 0.1, 0.4, 0.5, 0.9, 1.0, 1.7, 4.0, 9.0)


def on_symbols(rule: surrogate.Surrogate, distance: float) -> float:
    def step(v: Any, x: Any) -> Any:
        slope = rule.gradient(x)
        return v, slope

    equations = trace(step, states=("v",), parameters=(), name="Slope")
    return float(evaluate(equations, TABLE, {"v": 0.0}, {"x": distance}, {})[1])


def test_every_surrogate_has_its_formula() -> None:
    assert set(FORMULAS) == set(surrogate.KINDS)


@pytest.mark.parametrize("name", FORMULAS)
def test_formula_on_numbers_tensors_and_symbols(name: str) -> None:
    rule = surrogate.KINDS[name]()
    distances = torch.tensor(DISTANCES, dtype=torch.float64)
    with numbers_like(distances):
        slopes = rule.gradient(distances)
    assert slopes.dtype == torch.float64
    for distance, slope in zip(DISTANCES, slopes.tolist(), strict=True):
        expected = FORMULAS[name](distance)
        assert rule.gradient(distance) == pytest.approx(expected, rel=1e-12)
        assert slope == pytest.approx(expected, rel=1e-12)
        assert on_symbols(rule, distance) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("name", FORMULAS)
def test_gradient_has_the_type_of_the_distance(name: str, kind: torch.dtype) -> None:
    distance = torch.linspace(-2, 2, 9, dtype=kind, requires_grad=True)
    surrogate.KINDS[name]()(distance).sum().backward()
    assert distance.grad is not None
    assert distance.grad.dtype == kind
    assert bool(distance.grad.any())


@pytest.mark.parametrize("name", FORMULAS)
def test_config_makes_an_equal_one(name: str) -> None:
    kind = surrogate.KINDS[name]
    changed = kind(**{key: 1.5 + index for index, key in enumerate(kind().values())})
    config = surrogate_config(changed)["surrogate"]
    assert surrogate.KINDS[config.pop("type")](**config) == changed


@pytest.mark.parametrize("name", NUMBERED)
@pytest.mark.parametrize("value", [-1.0, math.nan])
def test_senseless_numbers_are_refused(name: str, value: float) -> None:
    kind = surrogate.KINDS[name]
    field = next(iter(kind().values()))
    with pytest.raises(ValueError, match=name):
        kind(**{field: value})


@dataclass(frozen=True)
class Wedge(surrogate.Surrogate):
    height: float = 0.5

    def gradient(self, distance: Any) -> Any:
        return select(distance > -1, self.height, 0.0)


def test_a_surrogate_of_the_users_own() -> None:
    gradients = []
    for backend in ("torch", "cpp"):
        x = torch.tensor([[[0.25, 1.5, -3.0]]], requires_grad=True)
        neuron.IF(surrogate=Wedge(), reset="none", backend=backend)(x).sum().backward()
        gradients.append(x.grad)
    assert torch.equal(gradients[0], torch.tensor([[[0.5, 0.5, 0.0]]]))
    assert torch.equal(gradients[0], gradients[1])


@pytest.mark.parametrize("backend", ["torch", "cpp"])
def test_a_leaky_window_ends_before_its_edges(backend: str) -> None:
    """Compare with SpikingJelly 2.0.0: 1 / (2 w) where |x| < w, c everywhere else."""
    width, leak, least = 0.5, 0.125, 2.0**-24
    distances = [
        offset + side * width
        for side in (-1, 1)
        for offset in (-side * 2 * least, 0.0, side * 2 * least)
    ]
    expected = [1 / (2 * width), leak, leak] * 2
    x = 1.0 + torch.tensor([[distances]], dtype=torch.float32)
    # Every distance from the threshold is exact in single precision.
    assert (x - 1.0).flatten().tolist() == distances
    x.requires_grad_()
    rule = surrogate.PiecewiseLeakyReLU(width, leak)
    neuron.IF(surrogate=rule, reset="none", backend=backend)(x).sum().backward()
    assert x.grad is not None
    assert x.grad.flatten().tolist() == expected
