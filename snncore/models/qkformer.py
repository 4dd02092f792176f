"""QKFormer (Zhou et al. 2024): three stages, of which the last alone attends by all pixels.

Patches are made by strided convolutions with a shortcut, both ended in neurons.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from snncore import layer
from snncore.models.common import Make, conv_norm, default_neuron
from snncore.models.spikformer import SpikingSelfAttention, SpikingTransformerBlock

_FIRST = 4


class TokenSelfAttention(nn.Module):
    """QK attention by tokens on images: sums of queries decide where keys pass."""

    def __init__(self, channels: int, heads: int = 8, *, neuron: Make = default_neuron) -> None:
        super().__init__()
        self.query = conv_norm(channels, channels, 1).append(neuron())
        self.key = conv_norm(channels, channels, 1).append(neuron())
        self.attend = layer.TokenAttention(channels, heads, neuron(threshold=0.5))
        self.project = nn.Sequential(
            layer.Conv2d(channels, channels, 1), layer.BatchNorm2d(channels), neuron()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes of the keys that passed."""
        projected: Tensor = self.project(self.attend(self.query(x), self.key(x)))
        return projected


class Patches(nn.Module):
    """Two convolutions that halve the image, and a shortcut of 1 x 1, added as spikes."""

    def __init__(self, inputs: int, outputs: int, *, neuron: Make = default_neuron) -> None:
        super().__init__()
        self.first = conv_norm(inputs, outputs, 3, 2).append(neuron())
        self.second = conv_norm(outputs, outputs, 3).append(neuron())
        self.shortcut = conv_norm(inputs, outputs, 1, 2).append(neuron())

    def forward(self, x: Tensor) -> Tensor:
        """Return sums of spikes."""
        summed: Tensor = self.second(self.first(x)) + self.shortcut(x)
        return summed


class QKFormer(nn.Module):
    """Stages with images of a quarter, an eighth and a sixteenth, and a mean over pixels."""

    def __init__(
        self,
        depths: Sequence[int] = (1, 2, 7),
        width: int = 384,
        classes: int = 1000,
        *,
        channels: int = 3,
        heads: int = 6,
        neuron: Make = default_neuron,
    ) -> None:
        super().__init__()
        inputs = width // (2 * _FIRST)
        self.stem = conv_norm(channels, inputs, 3, 2).append(neuron())
        stages: list[nn.Module] = []
        for stage, depth in enumerate(depths):
            outputs = width * 2**stage // _FIRST
            last = stage == len(depths) - 1
            kind = SpikingSelfAttention if last else TokenSelfAttention
            stages.append(Patches(inputs, outputs, neuron=neuron))
            stages += [
                SpikingTransformerBlock(outputs, heads, neuron=neuron, attention=kind)
                for _ in range(depth)
            ]
            inputs = outputs
        self.stages = nn.Sequential(*stages)
        self.pool = layer.AdaptiveAvgPool2d(1)
        self.flatten = layer.Flatten()
        self.head = layer.Linear(inputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of every step."""
        scores: Tensor = self.head(self.flatten(self.pool(self.stages(self.stem(x)))))
        return scores
