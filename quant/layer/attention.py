"""Attention of spikes in whole numbers: sums that are exact, whatever kernel a device chooses."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor

from quant.grid.exact import EXACT_FLOAT32, carried, without_autocast
from snncore import layer


class SpikeAttention(layer.SpikeAttention):
    """Queries, keys and values (..., C, H, W) to sums of spikes, which nothing scales.

    `largest_input` is the largest size of what one neuron before it sends, 1 for spikes.
    """

    def __init__(self, heads: int = 8, *, largest_input: int = 1) -> None:
        super().__init__(heads, 1.0)
        self.largest_input = int(largest_input)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"heads": self.heads, "largest_input": self.largest_input}

    def largest_sum(self, *shape: int) -> int:
        """Return the largest size of a sum over images (C, H, W)."""
        return prod(shape) // self.heads * self.largest_input**3

    def require_exact(self, name: str, *shape: int) -> None:
        """Check that floats add the sums exactly, in whatever order.

        Raises:
            ValueError: if one may be too large; names the layer.
        """
        most = self.largest_sum(*shape)
        if most >= EXACT_FLOAT32:
            raise ValueError(
                f"{name}: its sums may reach {most:,}, beyond {EXACT_FLOAT32:,}, up to which "
                "floats are exact (use more heads, or a smaller image)"
            )

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Return all pixels' values, summed as often as their keys meet a pixel's query."""
        shape = query.shape[-3:]
        self.require_exact("SpikeAttention", *shape)
        factor = self.largest_input**2 * prod(shape[1:])
        kind = carried(self.largest_sum(*shape), factor)
        with without_autocast(query):
            parts = (each.to(kind) for each in (query, key, value))
            return super().forward(*parts).to(torch.float32)
