"""Neurons of one's own that only leak and add up are a readout; others are refused by name."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from quant.convert.neurons.integrating import integration
from snncore import layer, neuron
from snncore.dynamics import maximum, select


@neuron.define(states={"mem": 0.0}, params={"beta": 0.75, "share": 0.5})
def Leaking(mem: Any, x: Any, *, beta: Any, share: Any) -> Any:  # noqa: N802
    h = beta * mem + share * x
    return h, h


@neuron.define(states={"mem": 0.0}, params={"beta": 0.75})
def Rectified(mem: Any, x: Any, *, beta: Any) -> Any:  # noqa: N802
    h = maximum(beta * mem + x, 0.0)
    return h, h


@neuron.define(states={"mem": 0.0}, params={"beta": 0.75})
def Resetting(mem: Any, x: Any, *, beta: Any) -> Any:  # noqa: N802
    h = beta * mem + x
    return select(h > 1.0, 0.0, h), h


def samples() -> torch.Tensor:
    return (torch.rand(12, 3, 6, generator=torch.Generator().manual_seed(0)) < 0.5).float()


@pytest.mark.parametrize("target", ["onnx", "lynxi", "loihi"])
def test_what_leaks_and_adds_up_is_a_readout(target: str) -> None:
    torch.manual_seed(0)
    layers = layer.Linear(6, 8), neuron.LIF(threshold=0.25), layer.Linear(8, 4, bias=False)
    floats, x = nn.Sequential(*layers, Leaking()), samples()
    prepared = quant.prepare(floats, target=target, example=x).eval()
    with torch.no_grad():
        shown, expected = prepared(x), floats(x)
    assert expected.abs().max() > 0.2
    assert (shown - expected).abs().max() < 0.2 * expected.abs().max()
    trace = nd.simulate(nd.lower(prepared, example=x), x)
    assert np.array_equal(trace.output, shown.numpy())


def test_shares_are_those_of_every_neuron() -> None:
    keep, gain = integration(Leaking(beta=torch.tensor([0.5, 0.75]))) or (None, None)
    assert keep is not None
    assert keep.tolist() == [0.5, 0.75]
    assert gain.tolist() in (0.5, [0.5, 0.5])


@pytest.mark.parametrize("kind", [Rectified, Resetting])
def test_any_other_step_is_not_a_readout(kind: Any) -> None:
    assert integration(kind()) is None
    network = nn.Sequential(layer.Linear(6, 4), kind())
    with pytest.raises(ValueError, match=f"1: {kind.__name__} has no near neuron"):
        quant.prepare(network, target="onnx", example=samples())


def test_what_grows_is_refused() -> None:
    network = nn.Sequential(layer.Linear(6, 4), Leaking(beta=1.25))
    with pytest.raises(ValueError, match=r"1: keeps 1.25 of its voltage.*\(use"):
        quant.prepare(network, target="onnx", example=samples())
