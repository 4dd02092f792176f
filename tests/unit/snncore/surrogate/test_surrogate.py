"""Surrogates: spikes forward, the smooth derivative backward."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from snncore import surrogate

X = torch.linspace(-3, 3, 601, dtype=torch.float64)
# Each surrogate and the smooth step whose derivative it is.
CURVES: dict[type[surrogate.Surrogate], Callable[[Any, float], Any]] = {
    surrogate.ATan: lambda x, a: torch.atan(x * math.pi / 2 * a) / math.pi,
    surrogate.Sigmoid: lambda x, a: torch.sigmoid(x * a),
    surrogate.Triangle: lambda x, a: torch.where(
        (x * a).abs() < 1, x * a - (x * a) * (x * a).abs() / 2, 0.5 * torch.sign(x)
    ),
}


@pytest.mark.parametrize("kind", CURVES)
@pytest.mark.parametrize("alpha", [0.5, 1.0, 4.0])
def test_the_gradient_is_the_derivative_of_its_curve(
    kind: type[surrogate.Surrogate], alpha: float
) -> None:
    x = X.clone().requires_grad_()
    (expected,) = torch.autograd.grad(CURVES[kind](x, alpha).sum(), x)
    assert torch.allclose(kind(alpha).gradient(X), expected, atol=1e-9)
    assert bool((expected[1:-1] >= 0).all())


@pytest.mark.parametrize("kind", CURVES)
def test_spikes_are_exact_and_carry_the_gradient(kind: type[surrogate.Surrogate]) -> None:
    for strict, expected in ((False, [0, 1, 1]), (True, [0, 0, 1])):
        x = torch.tensor([-0.5, 0.0, 0.5], requires_grad=True)
        fired = kind()(x, strict)
        assert fired.tolist() == expected
        (gradient,) = torch.autograd.grad(fired.sum(), x)
        assert torch.equal(gradient, kind().gradient(x.detach()))


def test_distances_in_other_units_are_scaled_both_ways() -> None:
    x = torch.tensor([-64.0, 0.0, 32.0], requires_grad=True)
    fired = surrogate.ATan().scaled(x, False, 1 / 64)
    (gradient,) = torch.autograd.grad(fired.sum(), x)
    expected = surrogate.ATan().gradient(x.detach() / 64) / 64
    assert torch.equal(gradient, expected)


@pytest.mark.parametrize("alpha", [0, -1, float("nan")])
def test_a_width_that_is_none_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="ATan: alpha is"):
        surrogate.ATan(alpha)


def test_a_surrogate_of_ones_own_needs_its_gradient() -> None:
    class Mine(surrogate.Surrogate):
        pass

    with pytest.raises(NotImplementedError, match="Mine defines no gradient"):
        Mine().gradient(X)
