"""Products that `prepare` refuses, each with one error that names the layer and the remedy."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import quant
from snncore import layer, neuron

EXAMPLE = torch.zeros(1, 1, 2, 4, 4)


class Three(nn.Module):
    """Layers of spikes, currents and means, and a product of them before neurons."""

    def __init__(self, join: Callable[["Three", Tensor], Tensor], attend: Any = None):
        super().__init__()
        self.weights, self.neurons = layer.Conv2d(2, 2, 1), neuron.LIF()
        self.mean, self.attend, self.fire = layer.AvgPool2d(2), attend, neuron.LIF()
        self.join, self.norm = join, layer.BatchNorm2d(2)

    def forward(self, x: Tensor) -> Tensor:
        spikes: Tensor = self.fire(self.join(self, self.neurons(self.weights(x))))
        return spikes


Join = Callable[[Three, Tensor], Tensor]


def attended(net: Three, x: Tensor) -> Tensor:
    result: Tensor = net.attend(x, x, x)
    return result


def squared_mean(net: Three, x: Tensor) -> Tensor:
    mean: Tensor = net.mean(x)
    return mean * mean


REFUSED: dict[str, tuple[Join, nn.Module | None, str]] = {
    "scale": (
        attended,
        layer.SpikeAttention(2, 0.1),
        r"attend: scales by 0.1, .* shifts \(use a power of two, such as scale=0.125, .*\)",
    ),
    "no scale": (attended, layer.SpikeAttention(2, 0.0), "attend: scales by 0, .* scale=0.125"),
    "counts": (
        lambda net, x: x * (1 - attended(net, x)),
        layer.SpikeAttention(1, 0.5),
        r"sub: takes attend from one, which chips do for spikes .* \(write a \* \(1 - b\)",
    ),
    "means": (
        lambda net, x: net.mean(x) * (1 - net.mean(x)),
        None,
        "sub: takes mean_1 from one, which chips do for spikes",
    ),
    "ternary spikes": (
        lambda net, x: x * (1 - net.attend(x)),
        neuron.TernaryLIF(),
        "sub: takes attend from one",
    ),
    "unread": (lambda net, x: 1 - x, None, r"sub: takes neurons from one"),
    "sums": (lambda net, x: x * net.weights(x), None, "mul: reads weights with no neurons between"),
    "norm": (lambda net, x: net.norm(x * x), None, "norm: a batch norm that follows no weights"),
    "scalar": (lambda net, x: x * 0.5, None, "mul: mul of spikes is not what chips do"),
    "attention and spikes": (
        lambda net, x: attended(net, x) + x,
        layer.SpikeAttention(2, 0.5),
        "fire: adds a mean",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_the_layer_and_the_remedy(name: str) -> None:
    join, attend, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        quant.prepare(Three(join, attend), target="int8", example=EXAMPLE)


def test_attention_needs_the_size_of_its_image() -> None:
    network = Three(attended, layer.SpikeAttention(2))
    with pytest.raises(ValueError, match=r"attend: the size of its image is not known \(give an"):
        quant.prepare(network, target="int8")


def test_sums_beyond_what_floats_hold_are_refused() -> None:
    attend = quant.SpikeAttention(1, largest_input=300)
    with pytest.raises(ValueError, match=r"attend: its sums may reach .*more heads, or a smaller"):
        attend.require_exact("attend", 2, 4, 4)


def test_a_product_of_means_is_as_much_larger_as_both() -> None:
    """Sums over windows of 4 replace means: a threshold of 1 becomes one of 16."""
    network = Three(squared_mean)
    prepared = quant.prepare(network, target="int8", example=EXAMPLE)
    fire = prepared.get_submodule("fire")
    assert isinstance(fire, quant.LIF)
    # The decay takes half of the input.
    assert float(fire.threshold) == 2.0 * 16


def test_the_scale_becomes_a_threshold_or_smaller_weights() -> None:
    network = Three(attended, layer.SpikeAttention(2, 0.25))
    prepared = quant.prepare(network, target="int8", example=EXAMPLE)
    assert float(prepared.get_submodule("fire").threshold) == 2.0 * 4
    assert prepared.get_submodule("attend").config() == {"heads": 2, "largest_input": 1}
    weights = layer.Conv2d(2, 2, 1, bias=False)
    weighing = Three(lambda net, x: net.norm(attended(net, x)), layer.SpikeAttention(2, 0.25))
    weighing.norm = weights
    prepared = quant.prepare(weighing, target="int8", example=EXAMPLE)
    block = prepared.get_submodule("fire")
    assert isinstance(block, quant.Block)
    assert torch.equal(block.synapse.weight, weights.weight / 4)
    # A head of one channel and 16 tokens: so many spikes at most.
    assert block.synapse.largest_input == 16


def test_counts_too_large_for_any_weights_need_wider_sums_or_are_refused() -> None:
    weighing = Three(lambda net, x: net.norm(attended(net, x)), layer.SpikeAttention(1, 0.25))
    weighing.weights = layer.Conv2d(2, 8, 1)
    weighing.norm = layer.Conv2d(8, 8, 1)
    example = torch.zeros(1, 1, 2, 16, 16)
    block = quant.prepare(weighing, target="lynxi", example=example).get_submodule("fire")
    assert isinstance(block, quant.Block)
    assert block.synapse.format.name == "lynxi.graded"
    # The same format where it has no variant of wider sums.
    alone = replace(quant.chip_format("lynxi"), name="alone")
    with pytest.raises(ValueError, match=r"fire: reads counts of up to 2048, .*\(put neurons"):
        quant.prepare(weighing, target=alone, example=example)
