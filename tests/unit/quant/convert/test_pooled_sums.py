"""Max pools between weights and neurons: the largest sum of a window drives the neurons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError
from snncore import functional, layer, neuron

LEAST_SPIKES = 10


def samples() -> torch.Tensor:
    return (torch.rand(10, 3, 2, 8, 8) < 0.4).float()


def net(*between: nn.Module, side: int = 4) -> nn.Sequential:
    weights = layer.Conv2d(2, 4, 3, padding=1, bias=not between[1:])
    readout = layer.Linear(4 * side * side, 5)
    fires = neuron.LIF(tau=2.0, decay_input=False)
    return nn.Sequential(weights, *between, fires, layer.Flatten(), readout)


# By what stands between weights and neurons.
NETS: dict[str, Callable[[], nn.Module]] = {
    "a pool": lambda: net(layer.MaxPool2d(2)),
    "a norm and a padded pool": lambda: net(layer.BatchNorm2d(4), layer.MaxPool2d(2, 2, 1), side=5),
    "a pool and a norm": lambda: net(layer.MaxPool2d(2), layer.BatchNorm2d(4)),
    "two pools": lambda: net(layer.MaxPool2d(2), layer.MaxPool2d(2), side=2),
    "the end": lambda: nn.Sequential(
        layer.Conv2d(2, 4, 3), neuron.IF(), layer.Conv2d(4, 4, 3), layer.MaxPool2d(2)
    ),
}


@pytest.mark.parametrize("target", ["onnx", "lynxi"])
@pytest.mark.parametrize("name", NETS)
def test_the_largest_sums_are_equal_on_every_link(name: str, target: str, tmp_path: Path) -> None:
    network, x = NETS[name]().train(), samples()
    network(x)
    functional.reset(network)
    quantized = quant.prepare(network.eval(), target=target, example=x)
    functional.reset(quantized)
    artifact = nd.export(quantized, target=target, path=tmp_path / "out", example=x)
    report = nd.verify(artifact, model=quantized, samples=x.numpy(), simulator="none")
    assert report.equal, report.links
    assert report.links[0].spikes > LEAST_SPIKES
    kinds = [type(node).__name__ for node in nd.lower(quantized, example=x, target=target).nodes]
    assert kinds[kinds.index("MaxPool2d") - 1] in ("Conv2d", "MaxPool2d")


def test_a_pool_of_sums_of_measurements_is_fitted_as_sums_are() -> None:
    network, x = net(layer.MaxPool2d(2)), torch.rand(10, 3, 2, 8, 8)
    with pytest.warns(quant.EncoderWarning, match="from 0 to 255"):
        quantized = quant.prepare(network, target="onnx", example=x).eval()
    with torch.no_grad():
        sent, expected = quantized(x), network(x)
    assert expected.abs().max() > 0.2
    assert (sent - expected).abs().mean() < 0.1 * expected.abs().max()


def test_a_pool_of_sums_of_means_is_fitted_as_sums_are() -> None:
    weights, fires = layer.Conv2d(2, 4, 3, padding=1), neuron.LIF(tau=2.0, decay_input=False)
    pools = layer.AvgPool2d(2), layer.MaxPool2d(2)
    ends = fires, layer.Flatten(), layer.Linear(16, 5)
    network, x = nn.Sequential(pools[0], weights, pools[1], *ends), samples()
    quantized = quant.prepare(network, target="onnx", example=x).eval()
    with torch.no_grad():
        sent, expected = quantized(x), network(x)
    assert expected.abs().max() > 0.2
    assert (sent - expected).abs().mean() < 0.1 * expected.abs().max()


def test_a_norm_behind_a_pool_does_not_turn_its_sums_around() -> None:
    network = net(layer.MaxPool2d(2), layer.BatchNorm2d(4))
    with torch.no_grad():
        network[2].weight[1] = -1
    with pytest.raises(ValueError, match="2: turns the largest sums of a pool into the least"):
        quant.prepare(network, target="onnx", example=samples())


def test_weights_do_not_read_the_sums_of_a_pool() -> None:
    weights = nn.Sequential(
        layer.Conv2d(2, 4, 3, padding=1), layer.MaxPool2d(2), layer.Flatten(), layer.Linear(64, 5)
    )
    with pytest.raises(ValueError, match="2: reads 0 with no neurons between them"):
        quant.prepare(weights, target="onnx", example=samples())


def test_a_chain_of_layers_holds_no_pool_of_sums() -> None:
    network = net(layer.MaxPool2d(2))
    with pytest.raises(DoesNotFitError, match="1: takes the largest of sums"):
        quant.prepare(network, target="loihi", example=samples())
