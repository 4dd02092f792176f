"""Weights that are standardized: each output's have a mean of 0 and a variance of 1 / inputs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snncore.layer.steps import numbers
from snncore.layer.weights.convolution import Conv1d, Conv3d, _Convolution
from snncore.layer.weights.linear import Conv2d, Layer, Linear


def standardized(weight: Tensor, gain: Tensor | None, eps: float) -> Tensor:
    """Return weights with each output's mean taken off and its size made that of the gain."""
    axes = tuple(range(1, weight.ndim))
    variance, mean = torch.var_mean(weight, axes, correction=1, keepdim=True)
    scaled = (weight - mean) / (variance * weight[0].numel() + eps) ** 0.5
    return scaled if gain is None else scaled * gain.reshape(-1, *[1] * len(axes))


class _WSConv(_Convolution):
    """The common part of standardized convolutions."""

    def __init__(self, *args: Any, gain: bool = True, eps: float = 1e-4, **options: Any) -> None:
        super().__init__(*args, **options)
        self.eps = float(eps)
        self.gain = nn.Parameter(torch.ones(self.out_channels)) if gain else None

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return super().config() | {"gain": self.gain is not None, "eps": self.eps}

    def standardized(self) -> Tensor:
        """Return the weights that are applied."""
        return standardized(self.weight, self.gain, self.eps)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the weighted sums of a sequence, or of a single step."""
        self.input_shape = tuple(x.shape[-self.dimensions - 1 :])
        return self.correlate(x, self.standardized(), self.bias)

    def plain(self) -> nn.Module:
        """Return a convolution with the weights that are applied, and without what made them."""
        kind: Any = {1: Conv1d, 2: Conv2d, 3: Conv3d}[self.dimensions]
        geometry = [getattr(self, key) for key in self.geometry]
        ours = kind(
            self.in_channels, self.out_channels, *geometry, self.groups, self.bias is not None
        )
        return _filled(ours, self)


class WSConv1d(_WSConv):
    """A standardized convolution of lines."""

    dimensions, make, run = 1, nn.Conv1d, staticmethod(F.conv1d)


class WSConv2d(_WSConv):
    """A standardized convolution of images."""

    dimensions, make, run = 2, nn.Conv2d, staticmethod(F.conv2d)


class WSConv3d(_WSConv):
    """A standardized convolution of volumes."""

    dimensions, make, run = 3, nn.Conv3d, staticmethod(F.conv3d)


class WSLinear(Layer):
    """Every input to every output, by standardized weights: (..., in) to (..., out)."""

    weight: Tensor
    bias: Tensor | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        gain: bool = True,
        eps: float = 1e-4,
    ) -> None:
        super().__init__()
        self.in_features, self.out_features, self.eps = in_features, out_features, float(eps)
        inner = nn.Linear(in_features, out_features, bias)
        self.weight, self.bias = inner.weight, inner.bias
        self.gain = nn.Parameter(torch.ones(out_features)) if gain else None

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        sizes = {"in_features": self.in_features, "out_features": self.out_features}
        flags = {"bias": self.bias is not None, "gain": self.gain is not None}
        return sizes | flags | {"eps": self.eps}

    def standardized(self) -> Tensor:
        """Return the weights that are applied."""
        return standardized(self.weight, self.gain, self.eps)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the weighted sums."""
        self.input_shape = (x.shape[-1],)
        return F.linear(numbers(x, self.weight.dtype), self.standardized(), self.bias)

    def plain(self) -> nn.Module:
        """Return a layer with the weights that are applied, and without what made them."""
        return _filled(Linear(self.in_features, self.out_features, self.bias is not None), self)


def _filled(ours: Any, module: Any) -> nn.Module:
    ours = ours.to(module.weight.device, module.weight.dtype)
    with torch.no_grad():
        ours.weight.copy_(module.standardized())
        if module.bias is not None:
            ours.bias.copy_(module.bias)
    plain: nn.Module = ours.train(module.training)
    return plain
