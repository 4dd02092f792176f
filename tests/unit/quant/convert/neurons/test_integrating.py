"""Neurons of one's own that only leak and add up are a readout; others are refused by name."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from quant.convert.neurons.integrating import integration
from snncore import functional, layer, neuron
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


@neuron.define(states={"v": 0.0, "i": 0.0}, params={"mem": 0.25, "syn": 0.5})
def Driven(v: Any, i: Any, x: Any, *, mem: Any, syn: Any) -> Any:  # noqa: N802
    i = i + x
    v = v + mem * (i - v)
    return v, i - syn * i, v


@neuron.define(states={"v": 0.0, "i": 0.0}, params={"mem": 0.25, "syn": 0.5})
def Late(v: Any, i: Any, x: Any, *, mem: Any, syn: Any) -> Any:  # noqa: N802
    v = v + mem * (i - v)
    return v, i - syn * i + x, v


def samples() -> torch.Tensor:
    return (torch.rand(12, 3, 6, generator=torch.Generator().manual_seed(0)) < 0.5).float()


@pytest.mark.parametrize("kind", [Leaking, Driven])
@pytest.mark.parametrize("target", ["onnx", "lynxi", "loihi"])
def test_what_leaks_and_adds_up_is_a_readout(target: str, kind: Any) -> None:
    torch.manual_seed(0)
    layers = layer.Linear(6, 8), neuron.LIF(threshold=0.25), layer.Linear(8, 4, bias=False)
    floats, x = nn.Sequential(*layers, kind()), samples()
    prepared = quant.prepare(floats, target=target, example=x).eval()
    quant.calibrate(prepared, x, floats)
    functional.reset(floats)
    functional.reset(prepared)
    with torch.no_grad():
        shown, expected = prepared(x), floats(x)
    assert expected.abs().max() > 0.2
    # Ten bits of Lynxi hold a current and its voltage, which is a part of it.
    share = 0.4 if target == "lynxi" and kind is Driven else 0.2
    assert (shown - expected).abs().max() < share * expected.abs().max()
    trace = nd.simulate(nd.lower(prepared, example=x), x)
    assert np.array_equal(trace.output, shown.numpy())


def test_shares_are_those_of_every_neuron() -> None:
    shares = integration(Leaking(beta=torch.tensor([0.5, 0.75])))
    assert shares is not None
    assert shares.voltage.tolist() == [0.5, 0.75]
    assert shares.gain.tolist() in (0.5, [0.5, 0.5])


def test_shares_of_a_current_are_those_of_every_neuron() -> None:
    shares = integration(Driven(mem=0.25, syn=torch.tensor([0.5, 0.25])))
    assert shares is not None
    assert float(shares.voltage.max()) == 0.75
    assert shares.current.tolist() == [0.5, 0.75]
    assert float(shares.gain.max()) == 0.25


@pytest.mark.parametrize("kind", [Rectified, Resetting, Late])
def test_any_other_step_is_not_a_readout(kind: Any) -> None:
    assert integration(kind()) is None
    network = nn.Sequential(layer.Linear(6, 4), kind())
    with pytest.raises(ValueError, match=f"1: {kind.__name__} has no near neuron"):
        quant.prepare(network, target="onnx", example=samples())


def test_what_grows_is_refused() -> None:
    network = nn.Sequential(layer.Linear(6, 4), Leaking(beta=1.25))
    with pytest.raises(ValueError, match=r"1: keeps 1.25 of its voltage.*\(use"):
        quant.prepare(network, target="onnx", example=samples())
