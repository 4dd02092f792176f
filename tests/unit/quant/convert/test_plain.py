"""Layers of torch's own in a network that goes onto a chip's grid, as people mix them with ours."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import quant
from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend import graph_of
from neurodeploy.graph import BatchNorm
from neurodeploy.report import Status
from neurodeploy.verification.compare import compare
from quant.convert.plain import our_layer, with_our_layers
from snncore import functional, layer, neuron
from tests.unit.quant.grid.test_formats import traces


def samples(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(7, 3, *shape, generator=generator) < 0.5).float()


def spikes_of(network: nn.Module, x: Tensor) -> Tensor:
    functional.reset(network)
    with torch.no_grad():
        spikes: Tensor = network.eval()(x)
    functional.reset(network)
    return spikes


def image() -> nn.Module:
    """Return torch's own layers in single steps, our neurons between them."""
    return layer.Sequence(
        nn.Conv2d(1, 6, 3, padding="same", bias=False),
        nn.BatchNorm2d(6),
        neuron.LIF(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 4, (3, 1), stride=(1, 2), padding=(1, 0), groups=2),
        neuron.IF(0.5),
        nn.Sequential(nn.MaxPool2d(2), nn.Dropout(0.1), nn.Flatten()),
        nn.Linear(8, 3),
        neuron.IF(0.5),
    )


def dense() -> nn.Module:
    """Return a sequence that torch's layers take as it is."""
    return nn.Sequential(
        nn.Flatten(2), nn.Linear(64, 9), neuron.LIF(), nn.Linear(9, 4), neuron.IF(0.5)
    )


@pytest.mark.parametrize("target", ["int8", "lynxi"])
@pytest.mark.parametrize("make", [image, dense])
def test_torchs_own_layers_are_taken_as_ours(make: Callable[[], nn.Module], target: str) -> None:
    torch.manual_seed(0)
    network, x = make(), samples(1, 8, 8)
    with torch.no_grad():
        for part in network.modules():
            if isinstance(part, nn.Linear | nn.Conv2d):
                part.weight.mul_(3.0)
            elif isinstance(part, nn.BatchNorm2d):
                part.running_mean.uniform_(-0.2, 0.2)
                part.running_var.uniform_(0.3, 2.0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    prepared = quant.prepare(network, target=target, example=x).eval()
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not any(type(part) in (nn.Linear, nn.Conv2d) for part in prepared.modules())
    golden, others = traces(prepared, x)
    assert all(compare(n, golden, o, 0.0).status == Status.EQUAL for n, o in others.items())
    # In so many bits the grid is as good as floats: every layer means what torch's did.
    fine = quant.prepare(network, target="int16", example=x)
    assert torch.equal(spikes_of(fine, x), spikes_of(network, x))
    assert spikes_of(fine, x).sum() > 8


def test_networks_of_single_steps_are_taken() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 2, 3),
        neuron.LIF(step_mode="s"),
        nn.Flatten(),
        nn.Linear(72, 3),
        neuron.IF(0.5, step_mode="s"),
    )
    prepared = quant.prepare(network, target="int16", example=samples(1, 8, 8)[0])
    assert isinstance(prepared.get_submodule("2"), layer.Flatten)
    for step in samples(1, 8, 8):
        with torch.no_grad():
            assert torch.equal(prepared(step), network(step))


def test_a_layer_that_is_used_twice_stays_one() -> None:
    shared = nn.Linear(5, 5)
    network = nn.Sequential(shared, neuron.IF(), shared, neuron.LIF())
    converted = with_our_layers(network)
    assert converted[0] is converted[2]
    assert isinstance(converted[0], layer.Linear)


REFUSED: dict[str, tuple[nn.Module, str]] = {
    "circular": (nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), "x: chips pad with zeros"),
    "even": (nn.Conv2d(1, 1, 2, padding="same"), "x: its padding differs by side"),
    "no statistics": (nn.BatchNorm2d(2, track_running_stats=False), "x: a batch norm without"),
    "a divisor": (nn.AvgPool2d(2, divisor_override=3), "x: a mean with a divisor of its own"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_ours_have_not_is_named(name: str) -> None:
    module, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        our_layer(module, "x")


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc, self.lif = layer.Linear(4, 4), neuron.LIF()

    def forward(self, x: Tensor) -> Tensor:
        spikes: Tensor = self.lif(self.fc(self.lif(self.fc(x))))
        return spikes


class Words(nn.Module):
    def __init__(self, word: Any) -> None:
        super().__init__()
        self.a, self.b = neuron.IF(), neuron.LIF()
        self.fc, self.last = layer.Linear(4, 4), neuron.IF()
        self.word = word

    def forward(self, x: Tensor) -> Tensor:
        spikes: Tensor = self.last(self.fc(self.word(self.a(x), self.b(x))))
        return spikes


class PoolsTwice(nn.Module):
    """A network with one pool for two places, as people write it."""

    def __init__(self, *, apart: bool) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.pool = layer.AvgPool2d(2)
        self.again = layer.AvgPool2d(2) if apart else self.pool
        self.conv = layer.Conv2d(2, 6, 3, padding=1)
        self.lif = neuron.LIF(threshold=0.2)
        self.flatten, self.last = layer.Flatten(), layer.Linear(24, 5)

    def forward(self, x: Tensor) -> Tensor:
        spikes = self.lif(self.conv(self.pool(x)))
        sums: Tensor = self.last(self.flatten(self.again(spikes)))
        return sums


def test_a_pool_may_be_called_twice() -> None:
    x = samples(2, 8, 8)
    outputs = [
        spikes_of(quant.prepare(PoolsTwice(apart=apart).eval(), target="int8", example=x), x)
        for apart in (True, False)
    ]
    assert torch.equal(*outputs)
    assert outputs[0].any()


def test_the_bias_of_neurons_behind_a_pool_counts_as_the_pool_does() -> None:
    """Their sums are four times the float means; a bias of a fifth fires every fifth step."""
    neurons = neuron.CubaLIF(current_decay=1.0, voltage_decay=0.0, bias=torch.full((2,), 0.25))
    network = nn.Sequential(layer.AvgPool2d(2), neurons)
    x = torch.zeros(9, 1, 2, 4, 4)
    assert spikes_of(network, x).any()
    prepared = quant.prepare(network, target="loihi", example=x)
    assert torch.equal(spikes_of(prepared, x), spikes_of(network, x))


def test_norms_with_a_scale_for_each_step_are_folded_where_it_is_one() -> None:
    torch.manual_seed(2)
    temporal = layer.TemporalBatchNorm1d(8, 7)
    network = nn.Sequential(layer.Linear(6, 8), temporal, neuron.LIF(threshold=0.5))
    x = samples(6)
    network(x)
    with torch.no_grad():
        temporal.scale.copy_(torch.linspace(1, 3, 7))
    with pytest.raises(ValueError, match="1: TemporalBatchNorm1d: scales its steps by 1 to 3"):
        quant.prepare(network, target="int8")
    with pytest.raises(UnsupportedLayerError, match="1: TemporalBatchNorm1d: scales"):
        graph_of(network, example=x)
    temporal.equalize()
    assert any(isinstance(node, BatchNorm) for node in graph_of(network, example=x).nodes)
    plain = nn.Sequential(network[0], temporal.plain(), neuron.LIF(threshold=0.5))
    spikes = spikes_of(quant.prepare(network, target="int8"), x)
    assert torch.equal(spikes, spikes_of(quant.prepare(plain, target="int8"), x))
    assert 0.1 < float(spikes.mean()) < 0.9


UNPLACED: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "neurons that are called twice": (Twice, "lif: is called twice"),
    "a quotient": (lambda: Words(torch.div), "div: div of spikes is not what chips do"),
    "a list": (lambda: Words(lambda *x: torch.stack(x)), "stack: stack of spikes is not what"),
    "a mean that nothing reads": (
        lambda: nn.Sequential(layer.Conv2d(1, 1, 1), neuron.IF(), nn.AvgPool2d(2)),
        "2: no neurons read it",
    ),
    "a pool beyond the image": (
        lambda: nn.Sequential(neuron.IF(), nn.MaxPool2d(2, ceil_mode=True), neuron.IF()),
        "1: a chip has no pool with gaps, or beyond the image",
    ),
    "what is on a grid": (
        lambda: nn.Sequential(quant.Linear(4, 4), neuron.IF()),
        "0: is on a chip's grid already",
    ),
    "a layer of torch's without a twin": (
        lambda: layer.Sequence(nn.Sequential(nn.Conv2d(1, 1, 1), nn.GELU()), neuron.IF()),
        r"0\.1: torch\.nn\.GELU has no quantized form",
    ),
}


@pytest.mark.parametrize("name", UNPLACED)
def test_what_has_no_place_on_a_chip_is_named(name: str) -> None:
    make, words = UNPLACED[name]
    with pytest.raises(ValueError, match=words):
        quant.prepare(make(), target="int8")
