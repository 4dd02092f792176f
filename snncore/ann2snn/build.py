"""The spiking network, built node by node; each value carries the worth of its spikes."""

from __future__ import annotations

from functools import singledispatchmethod
from math import prod
from typing import Any

import torch
from torch import Tensor, fx, nn

from snncore import layer
from snncore.ann2snn.fusion import WEIGHTED, scaling_layer
from snncore.ann2snn.neuron import rate_neuron
from snncore.ann2snn.trace import ADDS, Values, insert, replace
from snncore.dispatch import for_kinds

_AVERAGES = (nn.AvgPool2d, nn.AdaptiveAvgPool2d, layer.AvgPool2d, layer.AdaptiveAvgPool2d)
# Pools that may go before the neurons.
MAXIMA = (nn.MaxPool1d, nn.MaxPool2d, layer.MaxPool1d, layer.MaxPool2d)
_IDLE = (nn.Identity, nn.Dropout, nn.Dropout2d, layer.Dropout)


class Builder:
    """Rewrites a prepared network in place."""

    def __init__(
        self,
        network: fx.GraphModule,
        samples: Tensor,
        thresholds: dict[str, Tensor],
        half_charged: bool,
        pool_currents: bool,
    ) -> None:
        self.network = network
        self.thresholds = thresholds
        self.half_charged = half_charged
        if pool_currents:
            self._pools_first()
        self.shapes = {k: v.shape[1:] for k, v in Values(network).of(samples[:1]).items()}
        # A node's name -> what one of its units is worth, by channel; nothing where it is one.
        self.worth: dict[str, Tensor | None] = {}
        # The nodes that are neurons.
        self.fired: set[str] = set()

    def build(self) -> fx.GraphModule:
        """Build the spiking network."""
        nodes: list[Any] = list(self.network.graph.nodes)
        for node in nodes:
            if node.op == "placeholder":
                self.worth[node.name] = None
            elif node.op == "call_module":
                self._module(node)
            elif node.target in ADDS or node.op == "output":
                # Spikes that leave the network stay spikes.
                if node.op != "output" or node.args[0].name not in self.fired:
                    self._in_units(node)
                self.worth[node.name] = None
        self.network.graph.lint()
        self.network.recompile()
        self.network.delete_all_unused_submodules()
        return self.network

    def _module(self, node: Any) -> None:
        module: Any = self.network.get_submodule(str(node.target))
        source = node.args[0]
        worth = self.worth[source.name]
        if node.name in self.thresholds:
            drop = self.thresholds[node.name]
            self._in_units(node)
            level = drop / 2 if self.half_charged else drop
            replace(self.network, node, rate_neuron(level, drop))
            self.fired.add(node.name)
            worth = drop
        else:
            worth = self._spiking(module, node, worth)
        self.worth[node.name] = worth

    @singledispatchmethod
    def _spiking(self, module: Any, node: Any, worth: Tensor | None) -> Tensor | None:
        """Put the spiking counterpart of a layer in its place; return what its units are worth."""
        raise ValueError(
            f"{node.target}: {type(module).__name__} has no spiking counterpart (use "
            "convolutions, linear layers, batch norms, ReLU, pools, sums and flatten)"
        )

    @for_kinds(_spiking, *_IDLE)
    def _idle(self, module: nn.Module, node: Any, worth: Tensor | None) -> Tensor | None:
        return worth

    @for_kinds(_spiking, *WEIGHTED)
    def _weights(self, module: nn.Module, node: Any, worth: Tensor | None) -> None:
        replace(self.network, node, _weighted(module, worth))

    @for_kinds(_spiking, *_AVERAGES)
    def _average(self, module: nn.Module, node: Any, worth: Tensor | None) -> Tensor:
        shape = self.shapes[node.args[0].name]
        pool, part = _sum_pool(module, shape, node.name)
        replace(self.network, node, pool)
        channels = torch.ones(shape[0], device=self._device())
        return (channels if worth is None else worth) * part

    @for_kinds(_spiking, *MAXIMA)
    def _maximum(self, module: nn.Module, node: Any, worth: Tensor | None) -> Tensor | None:
        replace(self.network, node, _max_pool(module))
        return worth

    @for_kinds(_spiking, nn.Flatten, layer.Flatten)
    def _flat(self, module: nn.Module, node: Any, worth: Tensor | None) -> Tensor | None:
        replace(self.network, node, layer.Flatten())
        if worth is None:
            return None
        return worth.repeat_interleave(prod(self.shapes[node.args[0].name][1:]))

    def _in_units(self, node: Any) -> None:
        """Give the node values whose units are worth one, by a layer of weights where need be."""
        for source in dict.fromkeys(node.all_input_nodes):
            worth = self.worth[source.name]
            if worth is not None:
                image = len(self.shapes[source.name]) == 3
                scaled = scaling_layer(worth, None, image=image)
                name = f"{source.name}_scaled_{node.name}"
                new = insert(self.network, node, source, name, scaled)
                self.worth[new.name] = None

    def _pools_first(self) -> None:
        """Swap each ReLU with the max pool that alone reads it: both orders are equal."""
        nodes: list[Any] = list(self.network.graph.nodes)
        for node in nodes:
            if node.op != "call_module" or not isinstance(
                self.network.get_submodule(str(node.target)), MAXIMA
            ):
                continue
            before = node.args[0]
            if before.name in self.thresholds and len(before.users) == 1:
                node.replace_all_uses_with(before)
                node.args = before.args
                before.args = (node,)
                node.append(before)
        self.network.recompile()

    def _device(self) -> torch.device:
        return next(iter(self.network.parameters())).device


def _weighted(module: Any, worth: Tensor | None) -> nn.Module:
    """Return a layer for sequences whose weights are multiplied by their input unit's worth."""
    bias = module.bias is not None
    twin: Any
    if isinstance(module, nn.Linear | layer.Linear):
        twin = layer.Linear(module.in_features, module.out_features, bias)
    else:
        kind = layer.Conv2d if module.weight.ndim == 4 else layer.Conv1d
        if isinstance(module.padding, str) or getattr(module, "padding_mode", "zeros") != "zeros":
            raise ValueError(f"{module}: padding must be numbers, and of zeros")
        geometry = module.kernel_size, module.stride, module.padding, module.dilation
        twin = kind(module.in_channels, module.out_channels, *geometry, module.groups, bias)
    weight = module.weight.detach()
    if worth is not None:
        groups = getattr(module, "groups", 1)
        # Row o of the weights reads the channels of its group.
        rows = worth.reshape(groups, -1).repeat_interleave(weight.shape[0] // groups, 0)
        weight = weight * rows.reshape(*weight.shape[:2], *[1] * (weight.ndim - 2))
    twin.weight = nn.Parameter(weight.clone())
    if bias:
        twin.bias = nn.Parameter(module.bias.detach().clone())
    weighted: nn.Module = twin
    return weighted


def _sum_pool(module: Any, shape: torch.Size, name: str) -> tuple[nn.Module, float]:
    """Return the pool as a sum, and the factor that makes a mean of it."""
    if isinstance(module, nn.AdaptiveAvgPool2d | layer.AdaptiveAvgPool2d):
        size: Any = module.output_size
        height, width = layer.AdaptiveAvgPool2d(size).windows(*shape[1:])
        return layer.SumPool2d((height, width)), 1 / (height * width)
    pool = layer.AvgPool2d(module.kernel_size, module.stride, module.padding, module.ceil_mode)
    if any(pool.padding) or pool.ceil_mode:
        raise ValueError(f"{name}: an average pool is converted without padding and ceil_mode")
    height, width = pool.kernel_size
    down, right = pool.stride
    return layer.SumPool2d((height, width), (down, right)), 1 / (height * width)


def _max_pool(module: Any) -> nn.Module:
    kind = (
        layer.MaxPool1d if isinstance(module, nn.MaxPool1d | layer.MaxPool1d) else layer.MaxPool2d
    )
    geometry = module.kernel_size, module.stride, module.padding, module.dilation
    return kind(*geometry, module.ceil_mode)
