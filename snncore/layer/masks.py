"""Attention by masks: neurons that sums of spikes drive say which spikes pass.

Sums, neurons and a product, without a matrix product: Zhou et al. 2024 (QKFormer) and Yao et al.
2023 (spike-driven transformer). All take images (..., C, H, W), whose pixels are the tokens.
"""

from __future__ import annotations

from torch import Tensor, nn

from snncore.layer.moving import Permute, Upsample
from snncore.layer.pool import AdaptiveSumPool2d
from snncore.layer.weights.linear import SumPool2d


class TokenAttention(nn.Module):
    """QK attention by tokens: keys pass at the pixels at which a head's queries fire often."""

    def __init__(
        self, channels: int, heads: int, neuron: nn.Module, *, step_mode: str = "m"
    ) -> None:
        super().__init__()
        if channels % heads:
            raise ValueError(f"TokenAttention: {heads} heads do not divide {channels} channels")
        width = channels // heads
        # A head's channels are a column while they are summed.
        self.turn = Permute((1, 0, 2), step_mode)
        self.sum = SumPool2d((width, 1))
        self.fire = neuron
        self.back = Permute((1, 0, 2), step_mode)
        self.widen = Upsample((width, 1, 1))

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Return the keys of each head where the sum of its queries fires."""
        mask = self.back(self.fire(self.sum(self.turn(query))))
        passed: Tensor = self.widen(mask) * key
        return passed


class ChannelAttention(nn.Module):
    """QK attention by channels: keys pass in the channels in which queries fire often."""

    def __init__(self, neuron: nn.Module) -> None:
        super().__init__()
        self.sum = AdaptiveSumPool2d(1)
        self.fire = neuron

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        """Return the keys of each channel where the sum of its queries fires."""
        passed: Tensor = self.fire(self.sum(query)) * key
        return passed


class SpikeDrivenAttention(nn.Module):
    """Attention by channels: queries pass in the channels in which keys and values meet often."""

    def __init__(self, neuron: nn.Module) -> None:
        super().__init__()
        self.sum = AdaptiveSumPool2d(1)
        self.fire = neuron

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Return the queries of each channel where the sum of keys times values fires."""
        passed: Tensor = self.fire(self.sum(key * value)) * query
        return passed
