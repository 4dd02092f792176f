"""Factors and offsets of values, folded into the weights behind or before them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx, nn

from quant.convert.terms import WEIGHTS
from snncore import layer

# What only moves values, so that a factor commutes with it.
_MOVING = (layer.Flatten, layer.Reshape, layer.Permute, layer.Transpose)
# What adds values up, with which a factor commutes but for rounding, and an offset does not.
_ADDING = (layer.AvgPool2d, layer.AdaptiveAvgPool2d, layer.SumPool2d, layer.AdaptiveSumPool2d)


def fold_affine(module: fx.GraphModule) -> None:
    """Fold every `layer.Affine` into weights, which then compute the same but for rounding.

    Raises:
        ValueError: if it has no weights beside it that can hold it; names it.
    """
    folding = _Folding(module)
    while nodes := folding.nodes():
        if not any(folding.fold(node) for node in reversed(nodes)):
            raise ValueError(
                f"{nodes[0].target}: no weights beside it hold its factor and offset (put it right "
                "before or behind layer.Linear or layer.Conv2d, which nothing else reads)"
            )
    module.graph.lint()
    module.recompile()


class _Folding:
    def __init__(self, module: fx.GraphModule) -> None:
        self.module = module

    def nodes(self) -> list[fx.Node]:
        """Return the calls of such layers."""
        return [n for n in self.module.graph.nodes if isinstance(self._of(n), layer.Affine)]

    def fold(self, node: fx.Node) -> bool:
        """Fold one into its neighbours, and return whether they can hold it."""
        affine: Any = self._of(node)
        (source,) = node.all_input_nodes
        readers = self._readers(node, _MOVING if affine.offset else _MOVING + _ADDING)
        if readers and all(self._behind(each, affine, str(node.target)) for each in readers):
            for each in readers:
                _scale_inputs(self._of(each), affine)
        elif self._alone(source) and set(source.users) == {node}:
            _scale_outputs(self._of(source), affine)
        elif not affine.offset and (attention := self._attention(source, node)) is not None:
            attention.scale *= float(affine.scale)
        else:
            return False
        node.replace_all_uses_with(source)
        self.module.graph.erase_node(node)
        return True

    def _attention(self, node: fx.Node, reader: fx.Node) -> Any:
        """Return the attention whose values only this reader has, as they are or moved."""
        while set(node.users) == {reader} and isinstance(self._of(node), _MOVING):
            node, reader = node.all_input_nodes[0], node
        module = self._of(node)
        calls = [each for each in self.module.graph.nodes if each.target == node.target]
        alone = len(calls) == 1 and set(node.users) == {reader}
        return module if alone and isinstance(module, layer.SpikeAttention) else None

    def _readers(self, node: fx.Node, through: tuple[type[nn.Module], ...]) -> list[fx.Node]:
        """Return the calls that read the values, through layers of these kinds."""
        readers: list[fx.Node] = []
        for user in node.users:
            passed = isinstance(self._of(user), through)
            readers += self._readers(user, through) if passed else [user]
        return readers

    def _behind(self, node: fx.Node, affine: layer.Affine, name: str) -> bool:
        """Return whether weights can hold what scales their inputs.

        Raises:
            ValueError: if their padding is zeros, which an offset does not move.
        """
        if not self._alone(node):
            return False
        if affine.offset and any(getattr(self._of(node), "padding", ())):
            raise ValueError(
                f"{name}: adds {affine.offset:g} to what {node.target} pads with zeros (leave the "
                "padding out, or add it to the samples)"
            )
        return True

    def _alone(self, node: fx.Node) -> bool:
        """Return whether a call is the only one of a layer of weights."""
        calls = [each for each in self.module.graph.nodes if each.target == node.target]
        return isinstance(self._of(node), WEIGHTS) and len(calls) == 1

    def _of(self, node: fx.Node) -> nn.Module | None:
        return self.module.get_submodule(str(node.target)) if node.op == "call_module" else None


def _scale_inputs(weights: Any, affine: layer.Affine) -> None:
    """Let weights read the values before an affine layer."""
    with torch.no_grad():
        sums = weights.weight.flatten(1).sum(1)
        _require_bias(weights, sums, affine)
        if affine.offset:
            weights.bias.add_(sums * affine.offset)
        weights.weight.mul_(affine.scale)


def _scale_outputs(weights: Any, affine: layer.Affine) -> None:
    """Let weights return the values behind an affine layer."""
    with torch.no_grad():
        _require_bias(weights, weights.weight.flatten(1)[:, 0], affine)
        weights.weight.mul_(affine.scale)
        if weights.bias is not None:
            weights.bias.mul_(affine.scale).add_(affine.offset)


def _require_bias(weights: Any, like: Tensor, affine: layer.Affine) -> None:
    if weights.bias is None and affine.offset:
        weights.bias = nn.Parameter(torch.zeros_like(like))
