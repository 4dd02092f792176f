"""The norm of groups of channels, whose statistics are each sample's own at every step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snncore.layer.steps import leading_axes
from snncore.layer.weights.linear import Layer


class GroupNorm(Layer):
    """Groups of channels, each with a mean of 0 and a variance of 1 over itself and space."""

    weight: Tensor | None
    bias: Tensor | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        step_mode: str = "m",
    ) -> None:
        super().__init__()
        leading_axes(step_mode, "GroupNorm")
        self.step_mode = step_mode
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(
                f"GroupNorm: {num_groups} groups do not divide {num_channels} channels"
            )
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, float(eps)
        self.weight = nn.Parameter(torch.ones(num_channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(num_channels)) if affine else None

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        sizes = {"num_groups": self.num_groups, "num_channels": self.num_channels}
        affine = self.weight is not None
        return sizes | {"eps": self.eps, "affine": affine, "step_mode": self.step_mode}

    def forward(self, x: Tensor) -> Tensor:
        """Return the normed values of a sequence, or of a single step."""
        leading = leading_axes(self.step_mode, "GroupNorm")
        lead, self.input_shape = x.shape[:leading], tuple(x.shape[leading:])
        rows = x.reshape(-1, *self.input_shape)
        rows = F.group_norm(rows, self.num_groups, self.weight, self.bias, self.eps)
        return rows.reshape(*lead, *self.input_shape)
