"""The common parts of models: their neurons and their initial weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from snncore import layer
from snncore.neuron import LIF

# Called with options of a neuron (threshold=0.5), or none.
Make = Callable[..., nn.Module]
default_neuron: Make = partial(LIF, detach_reset=True)


def kaiming(network: nn.Module) -> None:
    """Draw the weights of all convolutions as residual networks do."""
    for module in network.modules():
        if isinstance(module, layer.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def conv_norm(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Sequential:
    """Return a batch-normed convolution that keeps the image's size or divides it by the stride."""
    conv = layer.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return nn.Sequential(conv, layer.BatchNorm2d(outputs))
