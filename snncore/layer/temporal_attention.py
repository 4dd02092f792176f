"""Attention over time, channels and pixels: factors from means and largest values.

Yao et al. 2021 (temporal-wise) and 2023 (multi-dimensional). They see all steps at once and send
values, so that no chip computes them step by step.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from snncore.layer.weights.linear import Layer


class _Squeezed(nn.Module):
    """Two layers that squeeze the values of an axis and give a factor for each."""

    def __init__(self, size: int, reduction: int, name: str) -> None:
        super().__init__()
        if not 1 <= reduction <= size:
            raise ValueError(f"{name}: a reduction of {reduction} for {size} values")
        self.narrow = nn.Linear(size, size // reduction, bias=False)
        self.wide = nn.Linear(size // reduction, size, bias=False)

    def forward(self, mean: Tensor, most: Tensor) -> Tensor:
        factors: Tensor = torch.sigmoid(self._of(mean) + self._of(most))
        return factors

    def _of(self, values: Tensor) -> Tensor:
        widened: Tensor = self.wide(self.narrow(values).relu())
        return widened


class TemporalAttention(Layer):
    """Steps (T, N, ...) weighed by how much each of them says."""

    def __init__(self, steps: int, reduction: int = 16) -> None:
        super().__init__()
        self.steps, self.reduction = int(steps), int(reduction)
        self.weigh = _Squeezed(self.steps, self.reduction, "TemporalAttention.reduction")

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"steps": self.steps, "reduction": self.reduction}

    def forward(self, x: Tensor) -> Tensor:
        """Return each step times its factor."""
        _check(self, x, x.ndim >= 3 and len(x) == self.steps, f"({self.steps}, N, ...)")
        values = x.transpose(0, 1).flatten(2)
        factors: Tensor = self.weigh(values.mean(-1), values.max(-1).values)
        return x * factors.t().reshape(*x.shape[:2], *[1] * (x.ndim - 2))


class MultiDimensionalAttention(Layer):
    """Images (T, N, C, H, W) weighed by step, by channel and by pixel, one after another."""

    def __init__(
        self,
        steps: int,
        channels: int,
        *,
        step_reduction: int = 16,
        channel_reduction: int = 16,
        kernel_size: int = 3,
        temporal: bool = True,
        channel: bool = True,
        spatial: bool = True,
    ) -> None:
        super().__init__()
        name = "MultiDimensionalAttention"
        if not (temporal or channel or spatial):
            raise ValueError(f"{name}: weighs nothing (let one of the three be True)")
        if kernel_size % 2 == 0:
            raise ValueError(f"{name}.kernel_size: {kernel_size} is not odd")
        self.form = {"steps": int(steps), "channels": int(channels)}
        self.form |= {"step_reduction": step_reduction, "channel_reduction": channel_reduction}
        self.form |= {"kernel_size": int(kernel_size)}
        self.form |= {"temporal": temporal, "channel": channel, "spatial": spatial}
        self.by_step = (
            _Squeezed(steps, step_reduction, f"{name}.step_reduction") if temporal else None
        )
        self.by_channel = (
            _Squeezed(channels, channel_reduction, f"{name}.channel_reduction") if channel else None
        )
        around = kernel_size // 2
        self.by_pixel = (
            nn.Conv2d(2, 1, kernel_size, padding=around, bias=False) if spatial else None
        )

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return dict(self.form)

    def forward(self, x: Tensor) -> Tensor:
        """Return the images times their factors, where that is positive."""
        steps, channels = self.form["steps"], self.form["channels"]
        fits = x.ndim == 5 and len(x) == steps and x.shape[2] == channels
        _check(self, x, fits, f"({steps}, N, {channels}, H, W)")
        if self.by_step is not None:
            values = x.transpose(0, 1).flatten(2)
            factors = self.by_step(values.mean(-1), values.max(-1).values)
            x = x * factors.t()[..., None, None, None]
        if self.by_channel is not None:
            values = x.permute(1, 2, 0, 3, 4).flatten(2)
            factors = self.by_channel(values.mean(-1), values.max(-1).values)
            x = x * factors[None, ..., None, None]
        if self.by_pixel is not None:
            # One factor for a pixel in all steps and channels.
            images = x.transpose(0, 1).flatten(1, 2)
            both = torch.cat([images.mean(1, True), images.max(1, True).values], 1)
            x = x * torch.sigmoid(self.by_pixel(both))[None]
        return x.relu()


def _check(module: Layer, x: Tensor, fits: bool, words: str) -> None:
    """Check that a sequence has the layer's steps and axes, and note its shape.

    Raises:
        ValueError: if it has not; names the layer.
    """
    if not fits:
        raise ValueError(f"{type(module).__name__}: takes {words}, but got {tuple(x.shape)}")
    module.input_shape = tuple(x.shape[2:])
