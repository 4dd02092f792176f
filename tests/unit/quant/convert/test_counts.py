"""Weights that read sums of spikes: exact however many terms there are, in sums that hold them."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from quant.layer.synapse import GridLayer
from snncore import layer, neuron


class Chained(nn.Module):
    """Dense blocks, each of which adds its spikes to the sum so far."""

    def __init__(self, blocks: int, width: int) -> None:
        super().__init__()
        widths = (4, *[width] * blocks, 3)
        self.weights = nn.ModuleList(layer.Linear(a, b) for a, b in pairwise(widths))
        self.neurons = nn.ModuleList(neuron.LIF(threshold=0.2) for _ in self.weights)

    def forward(self, x: Tensor) -> Tensor:
        total = self.neurons[0](self.weights[0](x))
        for weights, neurons in zip(self.weights[1:-1], self.neurons[1:-1], strict=True):
            total = total + neurons(weights(total))
        spikes: Tensor = self.neurons[-1](self.weights[-1](total))
        return spikes


def prepared(target: str, blocks: int, width: int) -> tuple[nn.Module, Tensor]:
    torch.manual_seed(0)
    network = Chained(blocks, width)
    x = (torch.rand(6, 4, 4) < 0.5).float()
    return quant.prepare(network, target=target, example=x).eval(), x


def weights_of(network: nn.Module) -> list[GridLayer]:
    return [each for each in network.modules() if isinstance(each, GridLayer)]


@pytest.mark.parametrize("target", ["onnx", "lynxi", "loihi"])
def test_a_sum_is_as_large_as_its_terms_together(target: str) -> None:
    network, x = prepared(target, 3, 8)
    assert [each.largest_input for each in weights_of(network)] == [1, 1, 2, 3]
    program = nd.lower(network, example=x, target=target)
    output = nd.simulate(program, x).output
    assert np.array_equal(output, network(x).detach().numpy())
    assert 0 < output.sum() < output.size


def test_counts_beyond_a_chip_s_sums_are_weighed_in_wider_ones() -> None:
    """Two counts of 800 neurons are more than 1,280; those of 8 are not."""
    narrow, wide = (prepared("lynxi", 2, width)[0] for width in (8, 800))
    forms = [[each.format.name for each in weights_of(network)] for network in (narrow, wide)]
    assert forms == [["lynxi"] * 3, ["lynxi", "lynxi", "lynxi.graded"]]
    last = weights_of(wide)[-1].integer_weight()
    assert int((last != 0).sum()) > last.numel() // 2


class ReadOut(Chained):
    """The same blocks, whose sum a layer without neurons reads."""

    def forward(self, x: Tensor) -> Tensor:
        total = self.neurons[0](self.weights[0](x))
        total = total + self.neurons[1](self.weights[1](total))
        sums: Tensor = self.weights[2](total)
        return sums


def test_a_readout_of_counts_keeps_its_weights_and_is_equal() -> None:
    torch.manual_seed(0)
    network = ReadOut(2, 800)
    x = (torch.rand(3, 2, 4) < 0.5).float()
    read = quant.prepare(network, target="lynxi", example=x).eval()
    last = weights_of(read)[-1]
    assert (last.format.name, last.largest_input) == ("lynxi", 1)
    output = nd.simulate(nd.lower(read, example=x, target="lynxi"), x).output
    assert np.array_equal(output, read(x).detach().numpy())
    assert np.abs(output).max() > 0
