"""The drives of neurons: the terms of a sum, each down to its weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import fx, nn

from quant.convert.functions import is_sum
from snncore import layer
from snncore.layer.moving import Moving

IDLE = (nn.Identity, nn.Dropout, layer.Dropout, layer.Dropout2d)
SAME = (layer.Flatten, layer.MaxPool1d, layer.MaxPool2d, layer.Delay, Moving, layer.Upsample)
WEIGHTS = (layer.Linear, layer.Conv1d, layer.Conv2d, layer.Conv3d)
_MAXIMA = (layer.MaxPool1d, layer.MaxPool2d)


@dataclass(frozen=True)
class Term:
    """One of the values that drive neurons: weights and their norm, a pool, or spikes."""

    top: fx.Node
    weights: fx.Node | None = None
    norm: fx.Node | None = None
    # The calls from the neurons down to the weights, which nothing else may read.
    chain: tuple[fx.Node, ...] = ()
    # Whether neurons read the largest of these sums, as a max pool gives them.
    pooled: bool = False


class Walk:
    """The calls of a network, and the terms that drive a layer of neurons."""

    def __init__(self, module: fx.GraphModule) -> None:
        self.module = module
        # Weights and norms whose neurons have not been reached yet.
        self.waiting: set[fx.Node] = set()

    def _of(self, node: fx.Node) -> nn.Module | None:
        return self.module.get_submodule(str(node.target)) if node.op == "call_module" else None

    def _terms(self, node: fx.Node) -> list[Term]:
        """Return the terms that are added up to drive neurons."""
        if node.op != "call_module":
            if is_sum(node):
                return [term for source in node.all_input_nodes for term in self._terms(source)]
            return [Term(node)]
        module = self._of(node)
        if isinstance(module, WEIGHTS):
            self._refuse_sums(node)
            return [Term(node, node, None, (node,))]
        if not isinstance(module, (*IDLE, layer.BatchNorm)) and not self._pools_sums(node):
            return [Term(node)]
        below = self._terms(node.all_input_nodes[0])
        first = below[0]
        if isinstance(module, layer.BatchNorm):
            if len(below) != 1 or first.weights is None or first.norm is not None:
                raise ValueError(
                    f"{node.target}: a batch norm that follows no weights cannot be folded "
                    "(put it behind layer.Conv2d or layer.Linear)"
                )
            if first.pooled and bool((module.folded()[0] < 0).any()):
                raise ValueError(
                    f"{node.target}: turns the largest sums of a pool into the least (put the "
                    "batch norm before the max pool, or keep its weights above zero)"
                )
            return [replace(first, top=node, norm=node, chain=(node, *first.chain))]
        if len(below) == 1 and first.weights is not None:
            pooled = first.pooled or isinstance(module, _MAXIMA)
            return [replace(first, top=node, chain=(node, *first.chain), pooled=pooled)]
        return below if len(below) > 1 else [Term(node)]

    def _pools_sums(self, node: fx.Node) -> bool:
        """Return whether a call takes the largest of sums of weights, one or several times."""
        if node.op != "call_module" or not isinstance(self._of(node), _MAXIMA):
            return False
        source = node.all_input_nodes[0]
        while source not in self.waiting:
            if not isinstance(self._of(source), (*IDLE, *_MAXIMA)):
                return False
            source = source.all_input_nodes[0]
        return True

    def _unread(self, node: fx.Node, source: fx.Node) -> str:
        """Return why a call cannot read the sums of weights, and what to do."""
        reader = node.target if node.op == "call_module" else node.name
        words = f"{reader}: reads {source.target} with no neurons between them"
        if isinstance(self._of(node), Moving):
            return (
                f"{words}, and only spikes are moved (put it behind the neurons that "
                f"{source.target} drives, or before its weights)"
            )
        return (
            f"{words} (put neurons between layers of weights, or give their product as one layer)"
        )

    def _refuse_sums(self, node: fx.Node) -> None:
        """Check that the call reads only spikes, or pools of them."""
        pending = list(node.all_input_nodes)
        while pending:
            source = pending.pop()
            if source in self.waiting and isinstance(self._of(node), layer.Concat):
                raise ValueError(
                    f"{node.target}: is a concat of unlike units: {source.target} counts in the "
                    "unit of its weights (put neurons before the concatenation)"
                )
            if source in self.waiting:
                raise ValueError(self._unread(node, source))
            passes = source.op != "call_module" or isinstance(self._of(source), (*SAME, *IDLE))
            if passes or isinstance(self._of(source), layer.SumPool2d):
                pending += source.all_input_nodes
