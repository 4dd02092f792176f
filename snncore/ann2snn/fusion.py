"""Batch norms folded into the weights in front of them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx, nn

from snncore import layer
from snncore.ann2snn.trace import replace

WEIGHTED = (nn.Conv1d, nn.Conv2d, nn.Linear, layer.Conv1d, layer.Conv2d, layer.Linear)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, layer.BatchNorm)


def fold_norms(network: fx.GraphModule) -> None:
    """Fold each batch norm into its convolution or linear layer; where none is, it becomes one."""
    nodes: list[Any] = list(network.graph.nodes)
    for node in nodes:
        if node.op != "call_module":
            continue
        norm: Any = network.get_submodule(str(node.target))
        if not isinstance(norm, NORMS):
            continue
        scale, offset = _folded(norm)
        source = node.args[0]
        before: Any = (
            network.get_submodule(str(source.target)) if source.op == "call_module" else None
        )
        if isinstance(before, WEIGHTED) and len(source.users) == 1:
            _scale(before, scale, offset)
            node.replace_all_uses_with(source)
            network.graph.erase_node(node)
        else:
            replace(network, node, scaling_layer(scale, offset, image=_of_images(norm)))
    network.delete_all_unused_submodules()
    network.recompile()


def scaling_layer(scale: Tensor, offset: Tensor | None, *, image: bool) -> nn.Module:
    """Return a layer that scales and shifts each channel: a 1x1 convolution, or a diagonal."""
    count = len(scale)
    scaler: layer.Conv2d | layer.Linear
    if image:
        scaler = layer.Conv2d(count, count, 1, groups=count, bias=offset is not None)
        weight = scale.reshape(-1, 1, 1, 1)
    else:
        scaler = layer.Linear(count, count, bias=offset is not None)
        weight = torch.diag(scale)
    with torch.no_grad():
        scaler.weight.copy_(weight)
        if scaler.bias is not None and offset is not None:
            scaler.bias.copy_(offset)
    return scaler.to(scale.device)


def _folded(norm: Any) -> tuple[Tensor, Tensor]:
    if isinstance(norm, layer.BatchNorm):
        scale, offset = norm.folded()
        return scale.detach(), offset.detach()
    deviation = torch.sqrt(norm.running_var + norm.eps)
    scale = (torch.ones_like(deviation) if norm.weight is None else norm.weight) / deviation
    offset = -norm.running_mean * scale
    return scale.detach(), (offset if norm.bias is None else offset + norm.bias).detach()


@torch.no_grad()
def _scale(module: Any, scale: Tensor, offset: Tensor) -> None:
    module.weight.mul_(scale.reshape(-1, *[1] * (module.weight.ndim - 1)))
    bias = offset if module.bias is None else module.bias * scale + offset
    module.bias = nn.Parameter(bias.clone())


def _of_images(norm: Any) -> bool:
    return isinstance(norm, nn.BatchNorm2d | layer.BatchNorm2d)
