"""Networks that end without neurons that fire: what `prepare` makes of their ends."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import quant
from snncore import decoding, functional, layer, neuron

Head = Callable[[], nn.Module]


class Ending(nn.Module):
    """A hidden layer, a head, and a function of what the head gives."""

    def __init__(self, head: nn.Module, end: Callable[[Tensor], Tensor] = lambda y: y) -> None:
        super().__init__()
        self.hidden, self.neurons, self.head = layer.Linear(6, 16), neuron.IF(0.25), head
        self.end = end

    def forward(self, x: Tensor) -> Tensor:
        return self.end(self.head(self.neurons(self.hidden(x))))


class Summed(nn.Module):
    """The sum of two layers of weights."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = layer.Linear(16, 3), layer.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        summed: Tensor = self.a(x) + self.b(x)
        return summed


HEADS: dict[str, Head] = {
    "weights": lambda: layer.Linear(16, 3),
    "a batch norm": lambda: nn.Sequential(layer.Linear(16, 3), layer.BatchNorm1d(3)),
    "an integrator": lambda: nn.Sequential(layer.Linear(16, 3), neuron.LeakyIntegrator(tau=2.0)),
    "an input beside the leak": lambda: nn.Sequential(
        layer.Linear(16, 3), neuron.LeakyIntegrator(tau=4.0, decay_input=False)
    ),
    "a norm and an integrator": lambda: nn.Sequential(
        layer.Linear(16, 3), layer.BatchNorm1d(3), neuron.LeakyIntegrator(tau=2.0)
    ),
    "a sum": Summed,
    "a vote": lambda: layer.Vote(4),
}
ENDS: dict[str, Callable[[Tensor], Tensor]] = {
    "nothing": lambda y: y,
    "rate": decoding.rate,
    "late rate": lambda y: decoding.rate(y, skip=2),
    "count": decoding.count,
    "last": decoding.last_value,
    "largest": decoding.largest_value,
    "torch's mean": lambda y: y.mean(0),
    "torch's sum": lambda y: torch.sum(y, dim=0),
    "torch's largest": lambda y: y.amax(0),
    "the last row": lambda y: y[-1],
}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("target", ["loihi", "onnx"])
def test_heads_are_near_the_float_network(name: str, target: str) -> None:
    network, samples = Ending(HEADS[name]()).eval(), (torch.rand(8, 4, 6) < 0.5).float()
    prepared = quant.prepare(network, target=target, example=samples)
    expected = network(samples)
    functional.reset(network)
    assert expected.abs().max() > 0.1
    # The hidden spikes may differ a little, as its weights are rounded too.
    assert float((prepared(samples) - expected).detach().abs().mean()) < 0.05


@pytest.mark.parametrize("name", ENDS)
def test_decoders_pass(name: str) -> None:
    network = Ending(layer.Linear(16, 3), ENDS[name]).eval()
    samples = (torch.rand(8, 4, 6) < 0.5).float()
    prepared = quant.prepare(network, target="onnx", example=samples)
    expected = network(samples)
    functional.reset(network)
    output = prepared(samples)
    assert output.shape == expected.shape
    assert float((output - expected).detach().abs().mean()) < 0.2


def test_per_channel_units_leave_the_readout_out() -> None:
    network = Ending(layer.Linear(16, 3))
    prepared = quant.prepare(network, target="onnx", per_channel=True, format="int8")
    blocks = [module for module in prepared.modules() if isinstance(module, quant.Block)]
    assert [block.synapse.per_channel for block in blocks] == [True, False]


def test_calibration_fits_the_readout() -> None:
    network = Ending(layer.Linear(16, 3)).eval()
    samples = (torch.rand(8, 16, 6) < 0.5).float()
    prepared = quant.prepare(network, target="loihi", example=samples)
    report = quant.calibrate(prepared, samples, network)
    assert [each.name for each in report.layers] == ["neurons", "head"]


REFUSED: dict[str, tuple[Head, str]] = {
    "a pool": (
        lambda: nn.Sequential(
            layer.Reshape((4, 2, 2)), layer.AvgPool2d(2), neuron.LeakyIntegrator()
        ),
        "reads out a pool",
    ),
    "spikes and weights": (
        lambda: nn.Sequential(layer.Residual(layer.Linear(16, 16)), neuron.LeakyIntegrator()),
        "reads out plain spikes",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_out_is_named(name: str) -> None:
    head, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        quant.prepare(Ending(head()), target="onnx", example=torch.zeros(2, 1, 6))
