"""Spike-driven transformer (Yao et al. 2023): no sum of spikes, and no product of two matrices.

Neurons fire in front of every convolution, shortcuts carry currents, and attention is a mask.
"""

from __future__ import annotations

from torch import Tensor, nn

from snncore import layer
from snncore.models.common import Make, conv_norm, default_neuron


class SpikeDrivenSelfAttention(nn.Module):
    """Queries that pass in the channels in which keys and values meet often; gives currents."""

    def __init__(self, channels: int, *, neuron: Make = default_neuron) -> None:
        super().__init__()
        self.fire = neuron()
        self.query = conv_norm(channels, channels, 1).append(neuron())
        self.key = conv_norm(channels, channels, 1).append(neuron())
        self.value = conv_norm(channels, channels, 1).append(neuron())
        self.attend = layer.SpikeDrivenAttention(neuron(threshold=0.5))
        self.project = nn.Sequential(
            layer.Conv2d(channels, channels, 1), layer.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the currents that the attended spikes cause."""
        spikes = self.fire(x)
        attended = self.attend(self.query(spikes), self.key(spikes), self.value(spikes))
        projected: Tensor = self.project(attended)
        return projected


class SpikeDrivenBlock(nn.Module):
    """Attention and two layers on every pixel, each added to its currents."""

    def __init__(self, channels: int, ratio: int = 4, *, neuron: Make = default_neuron) -> None:
        super().__init__()
        hidden = channels * ratio
        self.attention = SpikeDrivenSelfAttention(channels, neuron=neuron)
        self.mix = nn.Sequential(
            neuron(),
            layer.Conv2d(channels, hidden, 1),
            layer.BatchNorm2d(hidden),
            neuron(),
            layer.Conv2d(hidden, channels, 1),
            layer.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return sums of currents."""
        x = x + self.attention(x)
        mixed: Tensor = x + self.mix(x)
        return mixed


class SpikeDrivenTransformer(nn.Module):
    """Four pooled convolutions make patches of 16 x 16; blocks follow, and a mean over patches.

    The last convolution's currents are pooled, the others' spikes. The mean's neurons fire behind
    it, as in the paper.
    """

    def __init__(
        self,
        depth: int = 8,
        width: int = 512,
        classes: int = 1000,
        *,
        channels: int = 3,
        neuron: Make = default_neuron,
    ) -> None:
        super().__init__()
        if width % 8:
            raise ValueError(f"SpikeDrivenTransformer: a width of {width} (a multiple of 8)")
        patches: list[nn.Module] = []
        for part in (8, 4, 2):
            patches.append(conv_norm(channels, width // part, 3).append(neuron()))
            patches.append(layer.MaxPool2d(3, 2, 1))
            channels = width // part
        patches += [conv_norm(channels, width, 3), layer.MaxPool2d(3, 2, 1)]
        self.patches = nn.Sequential(*patches)
        self.position = nn.Sequential(neuron(), *conv_norm(width, width, 3))
        self.blocks = nn.Sequential(*(SpikeDrivenBlock(width, neuron=neuron) for _ in range(depth)))
        self.pool = layer.AdaptiveAvgPool2d(1)
        self.flatten = layer.Flatten()
        self.fire = neuron()
        self.head = layer.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of every step."""
        x = self.patches(x)
        x = self.blocks(x + self.position(x))
        scores: Tensor = self.head(self.fire(self.flatten(self.pool(x))))
        return scores
