"""Calibration of neurons that several layers drive: units, biases, and the program after them."""

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from quant.fit.joined import JoinedFitting
from quant.layer.synapse import GridLayer
from snncore import layer, neuron
from tests.unit.quant.convert.test_plain import spikes_of


class Joined(nn.Module):
    """Two layers into the same neurons, and a layer that reads itself."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = layer.Linear(12, 6, bias=False), layer.Linear(12, 6, bias=False)
        self.both = neuron.LIF(decay_input=False)
        self.into = layer.Linear(6, 4)
        self.own = layer.Recurrent(neuron.LIF(), layer.Linear(4, 4, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        spikes: Tensor = self.own(self.into(self.both(self.left(x) + self.right(x))))
        return spikes


def floats() -> tuple[Joined, Tensor]:
    """Return weights a little above points of the grid, so that rounding takes drive away."""
    torch.manual_seed(0)
    network = Joined().eval()
    with torch.no_grad():
        for synapse in (network.left, network.right):
            synapse.weight.copy_(torch.randint(-1, 3, (6, 12)) * 0.125 + 0.05)
        network.into.weight.normal_(1.0, 1.0)
    x = (torch.rand(20, 8, 12, generator=torch.Generator().manual_seed(1)) < 0.4).float()
    return network, x


def away(network: nn.Module, wanted: Tensor, x: Tensor) -> float:
    return float((spikes_of(network, x).mean(0) - wanted.mean(0)).abs().mean())


def moved(network: nn.Module, by: int) -> nn.Module:
    """Return units that fit worse than the ones that a fit finds."""
    both: quant.ChipNeuron = network.get_submodule("both")
    both.exponent += by
    for name in both.driven_by:
        network.get_submodule(name).set_exponents(torch.tensor(float(both.exponent)))
    return network


def test_all_that_drives_the_same_neurons_gets_one_unit_and_a_bias() -> None:
    network, x = floats()
    wanted = spikes_of(network, x)
    prepared = quant.prepare(network, target="int4", example=x).eval()
    both = prepared.get_submodule("both")
    assert both.driven_by == ("left", "right")
    assert prepared.get_submodule("own.body").driven_by == ("into", "own.feedback")
    moved(prepared, 2)
    before, coarse = away(prepared, wanted, x), both.exponent
    quant.calibrate(prepared, x, network, correct=False)
    searched = away(prepared, wanted, x)
    assert both.exponent < coarse
    assert searched < before
    synapses = [m for m in prepared.modules() if isinstance(m, GridLayer)]
    assert len({s.exponent for s in synapses[:2]} | {both.exponent}) == 1
    program = nd.lower(prepared, example=x)
    assert (nd.simulate(program, x).output == spikes_of(prepared, x).numpy()).all()
    assert nd.lower(quant.freeze(prepared), example=x) == program


def test_a_bias_gives_back_what_rounding_took() -> None:
    network, x = floats()
    prepared = moved(quant.prepare(network, target="int4", example=x).eval(), 1)
    both = prepared.get_submodule("both")
    assert both.bias is None
    rates = quant.calibrate(prepared, x, network, search=False, correct=False).layers[0]
    after = quant.calibrate(prepared, x, network, search=False).layers[0]
    assert both.bias is not None
    # What is lost of 24 inputs that spike 2 times in 5 is added again.
    assert float(both.bias.detach().mean()) > 0.1
    assert abs(after.rate - after.float_rate) < 0.5 * abs(rates.rate - rates.float_rate)
    program = nd.lower(prepared, example=x)
    assert (nd.simulate(program, x).output == spikes_of(prepared, x).numpy()).all()
    assert nd.lower(quant.freeze(prepared), example=x) == program


@pytest.mark.parametrize("wanted", [-6, -4, -3, -2, -1, 0])
def test_the_units_around_the_present_one_are_tried(wanted: int) -> None:
    """Two smaller ones and the next larger."""
    network, x = floats()
    prepared = quant.prepare(network, target="int8", example=x)
    both = moved(prepared, -3 - prepared.get_submodule("both").exponent).get_submodule("both")
    tried: list[int] = []

    def distance() -> float:
        tried.append(both.exponent)
        return abs(both.exponent - wanted)

    JoinedFitting(prepared, both, distance).search()
    assert sorted(set(tried)) == [-5, -4, -3, -2]
    assert both.exponent == min(max(wanted, -5), -2)
    assert {prepared.get_submodule(name).exponent for name in both.driven_by} == {both.exponent}


@pytest.mark.parametrize("bias", [False, True])
def test_a_correction_that_helps_nothing_is_taken_back(bias: bool) -> None:
    """Weights on the grid lose nothing, so there is nothing to give back."""
    torch.manual_seed(0)
    network = nn.Sequential(layer.Linear(6, 4, bias=bias), neuron.LIF(threshold=0.5))
    joined = nn.Sequential(layer.Recurrent(neuron.LIF(), layer.Linear(4, 4, bias=False)))
    with torch.no_grad():
        network[0].weight.copy_(torch.randint(-3, 4, (4, 6)) / 4)
        joined[0].feedback.weight.copy_(torch.randint(-3, 4, (4, 4)) / 4)
        if bias:
            network[0].bias.copy_(torch.tensor([0.5, -0.25, 0.25, 0.75]))
    network.append(layer.Linear(4, 4, bias=bias)).append(joined[0])
    with torch.no_grad():
        network[2].weight.copy_(torch.randint(-3, 4, (4, 4)) / 4)
        if bias:
            network[2].bias.fill_(0.25)
    x = (torch.rand(9, 5, 6) < 0.5).float()
    prepared = quant.prepare(network, target="int8", example=x)
    before = {name: value.clone() for name, value in prepared.state_dict().items()}
    quant.calibrate(prepared, x, network, search=False)
    after = prepared.state_dict()
    assert set(after) == set(before)
    assert any(name.endswith("bias") for name in after) == bias
    for name, value in before.items():
        assert torch.equal(value, after[name]), name
