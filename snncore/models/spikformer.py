"""Spikformer (Zhou et al. 2023): a transformer whose queries, keys and values are spikes."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from snncore import layer
from snncore.models.common import Make, conv_norm, default_neuron


class SpikingSelfAttention(nn.Module):
    """Attention of spikes on images (T, N, C, H, W): no softmax, and sums instead of products."""

    def __init__(
        self, channels: int, heads: int = 8, *, scale: float = 0.125, neuron: Make = default_neuron
    ) -> None:
        super().__init__()
        if channels % heads:
            raise ValueError(f"SpikingSelfAttention: {heads} heads do not divide {channels}")
        self.query = conv_norm(channels, channels, 1).append(neuron())
        self.key = conv_norm(channels, channels, 1).append(neuron())
        self.value = conv_norm(channels, channels, 1).append(neuron())
        self.attend = layer.SpikeAttention(heads, scale)
        self.fire = neuron(threshold=0.5)
        self.project = nn.Sequential(
            layer.Conv2d(channels, channels, 1), layer.BatchNorm2d(channels), neuron()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes of the attended values."""
        attended = self.attend(self.query(x), self.key(x), self.value(x))
        projected: Tensor = self.project(self.fire(attended))
        return projected


class SpikingTransformerBlock(nn.Module):
    """Attention and two layers on every pixel, each added to its input."""

    def __init__(
        self,
        channels: int,
        heads: int = 8,
        ratio: int = 4,
        *,
        neuron: Make = default_neuron,
        attention: Callable[..., nn.Module] = SpikingSelfAttention,
    ) -> None:
        super().__init__()
        hidden = channels * ratio
        self.attention = attention(channels, heads, neuron=neuron)
        self.mix = nn.Sequential(
            layer.Conv2d(channels, hidden, 1),
            layer.BatchNorm2d(hidden),
            neuron(),
            layer.Conv2d(hidden, channels, 1),
            layer.BatchNorm2d(channels),
            neuron(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return sums of spikes."""
        x = x + self.attention(x)
        mixed: Tensor = x + self.mix(x)
        return mixed


class Spikformer(nn.Module):
    """Four pooled convolutions make patches of 16 x 16; blocks follow, and a mean over patches."""

    def __init__(
        self,
        depth: int = 8,
        width: int = 512,
        classes: int = 1000,
        *,
        channels: int = 3,
        heads: int = 8,
        neuron: Make = default_neuron,
    ) -> None:
        super().__init__()
        patches: list[nn.Module] = []
        for part in (8, 4, 2, 1):
            patches.append(conv_norm(channels, width // part, 3).append(neuron()))
            patches.append(layer.MaxPool2d(3, 2, 1))
            channels = width // part
        self.patches = nn.Sequential(*patches)
        self.position = conv_norm(width, width, 3).append(neuron())
        self.blocks = nn.Sequential(
            *(SpikingTransformerBlock(width, heads, neuron=neuron) for _ in range(depth))
        )
        self.pool = layer.AdaptiveAvgPool2d(1)
        self.flatten = layer.Flatten()
        self.head = layer.Linear(width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of every step."""
        x = self.patches(x)
        x = self.blocks(x + self.position(x))
        scores: Tensor = self.head(self.flatten(self.pool(x)))
        return scores
