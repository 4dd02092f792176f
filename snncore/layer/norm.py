"""Batch normalization over time and batch together."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snncore.layer.synapse import Layer


class BatchNorm(Layer):
    """Every channel to mean zero and variance one, then scaled and moved as learned."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    # How many axes a value has behind time and batch, the channels among them.
    axes = 1

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = int(num_features), eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))
        self.register_buffer("num_batches_tracked", torch.tensor(0, dtype=torch.long))

    def config(self) -> dict[str, Any]:
        """The arguments that make an equal module, as plain data."""
        return {"num_features": self.num_features, "eps": self.eps, "momentum": self.momentum}

    def folded(self) -> tuple[Tensor, Tensor]:
        """What evaluation multiplies every channel by, and what it then adds."""
        scale = self.weight / torch.sqrt(self.running_var + self.eps)
        return scale, self.bias - self.running_mean * scale

    def forward(self, x: Tensor) -> Tensor:
        """The normalized values."""
        self.input_shape = tuple(x.shape[-self.axes :])
        if self.training:
            self.num_batches_tracked += 1
        flat = x.reshape(-1, *self.input_shape)
        statistics = (self.running_mean, self.running_var)
        affine = (self.weight, self.bias)
        result = F.batch_norm(flat, *statistics, *affine, self.training, self.momentum, self.eps)
        return result.reshape(x.shape)


class BatchNorm1d(BatchNorm):
    """For values (T, N, C)."""


class BatchNorm2d(BatchNorm):
    """For images (T, N, C, H, W)."""

    axes = 3
