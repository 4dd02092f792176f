"""Layers that contain other layers: the parts that a checkpoint stores, and how they are joined."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

import quant
from quant.layer.synapse import GridLayer
from snncore import layer

# A part that a layer may lack is None.
Parts = Mapping[str, nn.Module | None]


@dataclass(frozen=True)
class Container:
    """A layer made of others: its name in a checkpoint, its parts, and its constructor."""

    name: str
    kind: type[nn.Module]
    parts: Callable[[Any], Parts]
    build: Callable[..., nn.Module]
    # Whether it has arguments besides its parts.
    configured: bool = False


def _children(module: nn.Module) -> Parts:
    return dict(module.named_children())


def _block_parts(module: quant.Block) -> Parts:
    parts = {"synapse": module.synapse, "neuron": module.neuron}
    return parts if module.norm is None else {**parts, "norm": module.norm}


def _block(parts: Parts) -> quant.Block:
    synapse, neurons, norm = parts["synapse"], parts["neuron"], parts.get("norm")
    if not isinstance(synapse, GridLayer | quant.SumPool2d):
        raise TypeError(f"{type(synapse).__name__} is not a synapse of a block")
    if not isinstance(neurons, quant.ChipNeuron):
        raise TypeError(f"{type(neurons).__name__} is not a neuron of a block")
    if not isinstance(norm, layer.BatchNorm | None):
        raise TypeError(f"{type(norm).__name__} is not a batch norm of a block")
    return quant.Block(synapse, neurons, norm=norm)


def _complex(parts: Parts) -> quant.ComplexBlock:
    return quant.ComplexBlock(*(_required(parts[name]) for name in ("real", "imag", "neuron")))


def _recurrent(parts: Parts, **config: Any) -> layer.Recurrent:
    body = _required(parts["body"])
    return layer.Recurrent(body, parts.get("feedback"), **config)


def _steps(parts: Parts, **config: Any) -> layer.Steps:
    return layer.Steps(_required(parts["module"]), **config)


def _chain(parts: Parts) -> nn.Sequential:
    return nn.Sequential(OrderedDict((name, _required(part)) for name, part in parts.items()))


def _required(part: nn.Module | None) -> nn.Module:
    if part is None:
        raise TypeError("a part is missing")
    return part


CONTAINERS = (
    Container("quant.Block", quant.Block, _block_parts, _block),
    Container("quant.ComplexBlock", quant.ComplexBlock, _children, _complex),
    Container(
        "layer.Recurrent",
        layer.Recurrent,
        lambda module: {"body": module.body, "feedback": module.feedback},
        _recurrent,
        configured=True,
    ),
    Container(
        "layer.Steps",
        layer.Steps,
        lambda module: {"module": module.module},
        _steps,
        configured=True,
    ),
)
# Only within layers that run step by step; elsewhere its members appear directly.
CHAIN = Container("Sequential", nn.Sequential, _children, _chain)
