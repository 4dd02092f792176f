"""Dropout that drops the same values at every step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from snncore.layer.time.state import StateLayer


class Dropout(StateLayer):
    """Drops values with probability p, the same ones until it is reset."""

    # Axes of a step (N, ...) that are dropped one by one; the rest is dropped together.
    axes: int | None = None

    def __init__(self, p: float = 0.5, *, step_mode: str = "m") -> None:
        super().__init__(step_mode)
        if not 0 <= p < 1:
            raise ValueError(f"{type(self).__name__}.p: {p} is not in 0..1 (1 excluded)")
        self.p = float(p)

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"p": self.p} | super().config()

    def train(self, mode: bool = True) -> Dropout:
        """Set the mode; what is dropped is drawn anew."""
        self.reset()
        super().train(mode)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """Drop values and scale the rest so that the mean stays; in evaluation keep everything."""
        if not self.training or self.p == 0:
            return x
        step = self.sequence(x)[0]
        shape = step.shape[: self.axes] + (1,) * len(step.shape[self.axes or step.ndim :])
        mask = self.kept("mask", step.new_empty(()).expand(shape))
        if mask is None:
            mask = (torch.rand(shape, device=x.device) >= self.p).to(x.dtype) / (1 - self.p)
            self.states["mask"] = mask
        return x * mask


class Dropout2d(Dropout):
    """Drops whole channels of images (T, N, C, H, W), the same ones until it is reset."""

    axes = 2
