"""Neurons of one's own on a chip that has leaky ones: known by their response, or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import quant
from quant.convert.neurons.response import response
from snncore import layer, neuron
from snncore.dynamics import select, spike

STEPS = 30
# The share of spikes that the rounding of a leak may move.
FEW = 0.05


@neuron.define(states={"mem": 0.0}, params={"beta": 0.9, "threshold": 1.0})
def Late(mem: Any, x: Any, *, beta: Any, threshold: Any) -> Any:  # noqa: N802
    """Subtract the threshold one step after a spike, as snnTorch's Leaky does."""
    h = beta * mem + x - spike(mem - threshold, strict=True) * threshold
    return h, spike(h - threshold, strict=True)


@neuron.define(
    states={"syn": 0.0, "mem": 0.0}, params={"alpha": 0.5, "beta": 0.75, "threshold": 1.0}
)
def Current(syn: Any, mem: Any, x: Any, *, alpha: Any, beta: Any, threshold: Any) -> Any:  # noqa: N802
    """Filter the input, and reset the voltage alone."""
    i = alpha * syn + x
    h = beta * mem + i
    s = spike(h - threshold)
    return i, select(s, 0.0, h), s


@neuron.define(states={"v": 0.0, "a": 0.0}, params={"threshold": 1.0})
def Adapting(v: Any, a: Any, x: Any, *, threshold: Any) -> Any:  # noqa: N802
    """Raise the threshold with every spike."""
    h = 0.5 * v + x
    s = spike(h - threshold - a)
    return select(s, 0.0, h), 0.5 * a + s, s


@neuron.define(states={"v": 0.0}, params={"threshold": 1.0})
def Squared(v: Any, x: Any, *, threshold: Any) -> Any:  # noqa: N802
    """Leak more, the higher the voltage is."""
    h = v - 0.25 * v * v + x
    s = spike(h - threshold)
    return select(s, 0.0, h), s


def test_the_response_is_measured() -> None:
    late = response(Late(beta=0.75, threshold=2.0))
    assert late is not None
    assert (float(late.threshold[0]), float(late.current[0])) == (pytest.approx(2.0), 0.0)
    assert float(late.voltage[0]) == pytest.approx(0.75)
    assert (late.resets_hard, late.strict) == (False, True)
    current = response(Current(alpha=torch.tensor([0.5, 0.25]), beta=0.75))
    assert current is not None
    assert np.allclose(current.current, [0.5, 0.25])
    assert np.allclose(current.voltage, 0.75)
    assert (current.resets_hard, current.strict) == (True, False)
    scaled = response(neuron.LIF(tau=4.0, threshold=1.0))
    assert scaled is not None
    assert float(scaled.threshold[0]) == pytest.approx(4.0)


@pytest.mark.parametrize("kind", [Adapting, Squared, neuron.QIF, neuron.Izhikevich])
def test_what_leaky_neurons_do_not_do_has_no_response(kind: Any) -> None:
    assert response(kind()) is None
    network = nn.Sequential(layer.Linear(6, 4), kind())
    with pytest.raises(ValueError, match="has no near neuron on loihi"):
        quant.prepare(network, target="loihi", example=spikes())


def spikes() -> torch.Tensor:
    return (torch.rand(STEPS, 5, 6) < 0.5).float()


def test_the_chips_neurons_fire_as_the_own_ones_do_where_nothing_is_rounded() -> None:
    weights = layer.Linear(6, 4, bias=False)
    with torch.no_grad():
        weights.weight.copy_(torch.randint(-2, 9, (4, 6)) / 16.0)
    network, x = nn.Sequential(weights, Current()), spikes()
    quantized = quant.prepare(network, target="loihi", example=x)
    before, after = network(x), quantized(x)
    assert before.sum() > STEPS
    assert float((before != after).float().mean()) < FEW


def test_what_changes_is_said() -> None:
    network = nn.Sequential(layer.Linear(6, 4), Late())
    quantized = quant.prepare(network, target="loihi", example=spikes())
    (deviations,) = quant.deviations(quantized).values()
    words = "; ".join(deviations)
    assert "Late becomes quant.CubaLIF, which responds alike below the threshold" in words
    assert "the reset of Late becomes a hard one" in words
