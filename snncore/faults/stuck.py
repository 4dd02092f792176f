"""Synapses that are stuck at a value, whatever is written into them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from snncore.faults.drawing import generator


def stuck_weights(weight: Tensor, share: float, value: float, *seed: int | str) -> Tensor:
    """Return weights of which this share, drawn by the seed, is stuck at a value.

    Values count in the largest weight: 0 is a broken synapse, 1 one that conducts fully.
    """
    source = generator(weight.device, *seed, "synapses")
    drawn = torch.rand(weight.shape, generator=source, device=weight.device)
    level = value * weight.detach().abs().max()
    return torch.where(drawn < share, level.to(weight.dtype), weight)


class StuckSynapses(nn.Module):
    """A layer of weights in which a share of synapses is stuck; the others learn.

    Values count in the largest weight: 0 is a broken synapse, 1 one that conducts fully.
    """

    def __init__(
        self, synapse: nn.Module, share: float, *, value: float = 0.0, seed: int = 0
    ) -> None:
        super().__init__()
        if not isinstance(getattr(synapse, "weight", None), Tensor):
            raise ValueError(f"StuckSynapses: {type(synapse).__name__} has no weights")
        if not 0 <= share <= 1:
            raise ValueError(f"StuckSynapses.share: {share} (from 0 to 1)")
        self.synapse, self.share = synapse, float(share)
        self.value, self.seed = float(value), int(seed)

    def extra_repr(self) -> str:
        """Return the text between the brackets of the printed module."""
        return f"{self.share}, value={self.value}, seed={self.seed}"

    def forward(self, x: Tensor) -> Tensor:
        """Return what the damaged layer makes of the input."""
        weight: Any = self.synapse.weight
        damaged = stuck_weights(weight, self.share, self.value, self.seed)
        outputs: Tensor = functional_call(self.synapse, {"weight": damaged}, (x,))
        return outputs
