"""Networks with skips as people train them: training, golden, the chain's file and Lava agree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.frontend.training import layer_path
from neurodeploy.sandbox import Environment
from snncore import functional, layer, models, neuron


def spiking(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    """A convolution with its batch norm, to which neurons belong."""
    convolution = layer.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return [convolution, layer.BatchNorm2d(outputs)]


class Residual(nn.Module):
    """A block that adds its input before the neurons, as spiking ResNet-18 does."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Sequential(*spiking(inputs, outputs, stride=stride), neuron.LIF(tau=2.0))
        self.second = nn.Sequential(*spiking(outputs, outputs))
        same = stride == 1 and inputs == outputs
        self.skip = nn.Identity() if same else nn.Sequential(*spiking(inputs, outputs, 1, stride))
        self.last = neuron.LIF(tau=2.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's spikes."""
        spikes: Tensor = self.last(self.second(self.first(x)) + self.skip(x))
        return spikes


class Sew(nn.Module):
    """A block that adds its input to its spikes, so that counts go on (SEW, add)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Sequential(*spiking(channels, channels), neuron.LIF(tau=2.0))
        self.second = nn.Sequential(*spiking(channels, channels), neuron.LIF(tau=2.0))

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of two trains."""
        result: Tensor = self.second(self.first(x)) + x
        return result


class Joined(nn.Module):
    """Convolutions of all earlier layers, summed: what weights of a concatenation are."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.one = nn.Sequential(*spiking(channels, 3), neuron.LIF(tau=2.0))
        self.near, self.far = layer.Conv2d(3, 4, 3, padding=1), layer.Conv2d(channels, 4, 1)
        self.two = neuron.LIF(tau=2.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return the last layer's spikes."""
        spikes: Tensor = self.two(self.near(self.one(x)) + self.far(x))
        return spikes


class Concatenating(nn.Module):
    """Convolutions that read all earlier layers, concatenated, as DenseNet does."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.one = nn.Sequential(*spiking(channels, 3), neuron.LIF(tau=2.0))
        self.two = nn.Sequential(*spiking(channels + 3, 3), neuron.LIF(tau=2.0))
        self.last = nn.Sequential(*spiking(channels + 6, 4, 1), neuron.LIF(tau=2.0))

    def forward(self, x: Tensor) -> Tensor:
        """Return the last layer's spikes."""
        x = torch.cat([x, self.one(x)], 2)
        spikes: Tensor = self.last(torch.cat([x, self.two(x)], 2))
        return spikes


class Meeting(nn.Module):
    """A block whose spikes pass where its input fired too, or where it did not (SEW)."""

    def __init__(self, channels: int, join: str) -> None:
        super().__init__()
        body = nn.Sequential(*spiking(channels, channels), neuron.LIF(tau=2.0))
        self.block = layer.Residual(body, join=join)

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes of both joined."""
        spikes: Tensor = self.block(x)
        return spikes


def head(channels: int, side: int) -> list[nn.Module]:
    return [layer.Flatten(), layer.Linear(channels * side * side, 5), neuron.LIF(tau=2.0)]


def stem() -> list[nn.Module]:
    return [*spiking(2, 4), neuron.LIF(tau=2.0)]


def zoo(make: Callable[..., nn.Module]) -> nn.Module:
    """Return a narrow network of the zoo: a stem of 7 x 7, pools, shortcuts, a readout."""
    return make(5, channels=2, width=3)


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "residual": lambda: nn.Sequential(
        *stem(), layer.MaxPool2d(2), Residual(4, 4), Residual(4, 6, 2), *head(6, 2)
    ),
    "sew": lambda: nn.Sequential(*stem(), Sew(4), Sew(4), layer.AvgPool2d(2), *head(4, 4)),
    "and, iand": lambda: nn.Sequential(
        *stem(), Meeting(4, "and"), Meeting(4, "iand"), layer.AvgPool2d(2), *head(4, 4)
    ),
    "concatenating": lambda: nn.Sequential(
        *stem(), Concatenating(4), layer.MaxPool2d(2), *head(4, 4)
    ),
    "joined": lambda: nn.Sequential(*stem(), Joined(4), layer.MaxPool2d(3, 2, 1), *head(4, 4)),
}


ZOO: dict[str, Callable[[], nn.Module]] = {
    "spiking_resnet18": lambda: zoo(models.spiking_resnet18),
    "sew_resnet18": lambda: zoo(models.sew_resnet18),
}


def trained(name: str, samples: Tensor) -> nn.Module:
    """Return the network on Loihi's grid after a few steps of training."""
    torch.manual_seed(1)
    network = (NETWORKS | ZOO)[name]().train()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, layer.BatchNorm2d):
                module.weight.fill_(2.0)
                module.bias.fill_(1.2)
            if isinstance(module, Joined):
                module.near.weight.mul_(3).add_(0.1)
                module.far.weight.mul_(2).add_(0.2)
            if isinstance(module, layer.Linear):
                module.weight.mul_(6).add_(0.2)
    prepared = quant.prepare(network, target="loihi", example=samples)
    step = torch.optim.Adam(prepared.parameters(), 1e-3)
    for _ in range(4):
        functional.reset(prepared)
        rates = prepared(samples).mean(0)
        loss = (rates - 0.3).square().sum()
        step.zero_grad()
        loss.backward()
        step.step()
    functional.reset(prepared)
    return prepared.eval()


def require_equal(name: str, simulator: str, folder: Path) -> None:
    """Check every link of a network, and that its own layers are shown, all with spikes."""
    torch.manual_seed(0)
    samples = (torch.rand(8, 2, 2, 8, 8) < 0.4).float()
    network = trained(name, samples)
    artifact = nd.export(network, target="loihi", path=folder / name, example=samples)
    report = nd.verify(artifact, model=network, samples=samples, simulator=simulator)
    assert report.equal, report.to_text()
    assert len(report.links) == 4
    modules = dict(network.named_modules())
    neurons = {key for key, module in modules.items() if isinstance(module, quant.ChipNeuron)}
    assert {layer_path(network, each.name) for each in report.layers} == neurons
    assert report.trace is not None
    assert all(report.trace[each].s.any() for each in report.trace)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_link_is_equal(name: str, full: bool, lava: Environment, tmp_path: Path) -> None:
    require_equal(name, "lava" if full or name == "residual" else "none", tmp_path)


def test_networks_of_the_zoo_are_equal(full: bool, lava: Environment, tmp_path: Path) -> None:
    for name in ZOO if full else ("spiking_resnet18",):
        require_equal(name, "lava" if full else "none", tmp_path)
