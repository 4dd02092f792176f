"""Attention of spikes: sums of coincidences, without a softmax."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from snncore.layer.weights.linear import Layer


class SpikeAttention(Layer):
    """Queries, keys and values (..., C, H, W) to attended values, by heads of channels."""

    def __init__(self, heads: int = 8, scale: float = 0.125) -> None:
        super().__init__()
        self.heads, self.scale = int(heads), float(scale)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"heads": self.heads, "scale": self.scale}

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Return all pixels' values, weighted by how often their keys meet a pixel's query."""
        self.input_shape = tuple(query.shape[-3:])
        if query.shape[-3] % self.heads:
            raise ValueError(
                f"SpikeAttention: {self.heads} heads do not divide {query.shape[-3]} channels"
            )
        queries, keys, values = (self.headed(part) for part in (query, key, value))
        # The small product first: it is as wide as a head, not as an image.
        attended = queries @ (keys.transpose(-1, -2) @ values) * self.scale
        return attended.transpose(-1, -2).reshape(query.shape)

    def headed(self, x: Tensor) -> Tensor:
        """Reshape images to (..., heads, pixels, channels of a head)."""
        heads: Tensor = x.flatten(-2).unflatten(-2, (self.heads, -1)).transpose(-1, -2)
        return heads
