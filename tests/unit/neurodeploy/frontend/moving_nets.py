"""Networks whose forward joins, cuts, permutes, reshapes and repeats values."""

from typing import Any

import torch
from torch import Tensor, nn

from snncore import layer, neuron


class Joined(nn.Module):
    """Two branches of one image, joined, and the mean over space."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.first_neurons = layer.Conv2d(2, 3, 3, padding=1), neuron.LIF(threshold=0.3)
        self.second, self.norm = layer.Conv2d(2, 2, 1), layer.BatchNorm2d(2)
        self.second_neurons = neuron.LIF(threshold=0.2)
        self.third, self.third_neurons = layer.Conv2d(5, 4, 3), neuron.LIF(threshold=0.2)
        self.dense, self.output = layer.Linear(4, 5), neuron.LIF(threshold=0.1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.first_neurons(self.first(x))
        two = self.second_neurons(self.norm(self.second(x)))
        y = self.third_neurons(self.third(torch.cat((one, two), dim=2)))
        spikes: Tensor = self.output(self.dense(y.mean((-2, -1))))
        return spikes


class Moved(nn.Module):
    """Parts of the channels exchanged, cut, permuted and reshaped by torch's own functions."""

    def __init__(self) -> None:
        super().__init__()
        self.weights, self.neurons = layer.Conv2d(2, 4, 3, padding=1), neuron.LIF(threshold=0.3)
        self.dense, self.output = layer.Linear(72, 6), neuron.LIF(threshold=0.1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.neurons(self.weights(x))
        first, second = y.chunk(2, dim=2)
        y = torch.cat([second, first], -3)[:, :, :, ::2].permute(0, 1, 3, 2, 4).transpose(-1, 2)
        spikes: Tensor = self.output(self.dense(y.reshape(y.shape[0], y.size(1), -1)))
        return spikes


def lines() -> nn.Module:
    """Convolutions of lines, one of them transposed, and a pool between them."""
    return nn.Sequential(
        layer.Conv1d(2, 4, 3, padding=1, stride=2),
        layer.BatchNorm1d(4),
        neuron.LIF(threshold=0.2),
        layer.MaxPool1d(2),
        layer.ConvTranspose1d(4, 3, 3, stride=2, padding=1, output_padding=1),
        neuron.LIF(threshold=0.2),
        layer.Flatten(),
        layer.Linear(18, 6),
        neuron.LIF(threshold=0.1),
    )


def volumes() -> nn.Module:
    """Convolutions of volumes, with strides and groups."""
    return nn.Sequential(
        layer.Conv3d(2, 4, 3, padding=1, stride=(2, 1, 1)),
        layer.BatchNorm3d(4),
        neuron.LIF(threshold=0.2),
        layer.Conv3d(4, 2, (2, 1, 3), groups=2),
        neuron.LIF(threshold=0.1),
        layer.Flatten(),
        layer.Linear(16, 6),
        neuron.LIF(threshold=0.1),
    )


def larger() -> nn.Module:
    """Transposed convolutions, one that cuts its input, and values repeated."""
    return nn.Sequential(
        layer.ConvTranspose2d(2, 4, 3, stride=2, padding=1, output_padding=1, groups=2),
        layer.BatchNorm2d(4),
        neuron.LIF(threshold=0.2),
        layer.Upsample(2),
        layer.Conv2d(4, 2, 3),
        neuron.LIF(threshold=0.3),
        layer.ConvTranspose2d(2, 2, 1, padding=1, bias=False),
        neuron.LIF(threshold=0.2),
    )


def means() -> nn.Module:
    """Means of lines, before a convolution and before dense weights."""
    return nn.Sequential(
        layer.Conv1d(2, 4, 3),
        neuron.LIF(threshold=0.2),
        layer.AvgPool1d(2),
        layer.Conv1d(4, 3, 3),
        neuron.LIF(threshold=0.1),
        layer.AdaptiveAvgPool1d(1),
        layer.Flatten(),
        layer.Linear(3, 6),
        neuron.LIF(threshold=0.1),
    )


# A network, and the shape of its samples.
NETWORKS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "joined": (Joined, (2, 6, 5)),
    "moved": (Moved, (2, 6, 6)),
    "lines": (lines, (2, 12)),
    "means": (means, (2, 12)),
    "volumes": (volumes, (2, 3, 4, 4)),
    "larger": (larger, (2, 4, 3)),
}


def drawn(name: str) -> tuple[nn.Module, Tensor]:
    """Return a network with seeded weights, and spikes for it."""
    make, shape = NETWORKS[name]
    torch.manual_seed(1)
    return make().eval(), (torch.rand(6, 3, *shape) < 0.5).float()
