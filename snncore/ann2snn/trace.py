"""An ANN traced, its functions turned into modules, so that every value but a sum is a layer's."""

from __future__ import annotations

import operator
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from snncore import layer
from snncore.neuron import Neuron

ADDS = (operator.add, operator.iadd, torch.add)
_FLATTENS = ("flatten", "view", "reshape")
_POOLS: dict[Any, type[nn.Module]] = {
    F.max_pool2d: nn.MaxPool2d,
    F.avg_pool2d: nn.AvgPool2d,
    F.adaptive_avg_pool2d: nn.AdaptiveAvgPool2d,
    F.max_pool1d: nn.MaxPool1d,
    F.avg_pool1d: nn.AvgPool1d,
}


class Tracer(fx.Tracer):
    """Takes our layers and neurons as they are."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Return whether the tracer treats a module as a leaf."""
        ours = isinstance(m, layer.Layer | Neuron) or type(m).__name__ == "QCFS"
        return ours or super().is_leaf_module(m, module_qualified_name)


def traced(ann: nn.Module) -> fx.GraphModule:
    """Copy the network as a graph of modules and sums.

    Raises:
        ValueError: if its forward branches on values, or calls what has no spiking counterpart.
    """
    training = ann.training
    network = deepcopy(ann)
    try:
        graph = Tracer().trace(network)
    # A forward may raise anything on a placeholder value.
    except Exception as error:
        raise ValueError(
            f"{type(ann).__name__}: its forward cannot be traced: {error} (it may call layers, "
            "add their results and flatten them; it may not branch on values)"
        ) from error
    module = fx.GraphModule(network, graph, type(ann).__name__)
    for node in list(module.graph.nodes):
        if node.op in ("call_function", "call_method") and node.target not in ADDS:
            _to_module(module, node)
    module.graph.eliminate_dead_code()
    _refuse_reuse(module)
    module.recompile()
    module.train(training)
    return module


def replace(network: fx.GraphModule, node: fx.Node, module: nn.Module) -> None:
    """Put another module where the node's is; a function's gets the node's name."""
    if node.op == "call_module":
        path, _, name = str(node.target).rpartition(".")
        setattr(network.get_submodule(path), name, module)
        return
    name = node.name
    while hasattr(network, name):
        name += "_"
    network.add_submodule(name, module)
    with network.graph.inserting_after(node):
        new = network.graph.call_module(name, (node.args[0],))
    node.replace_all_uses_with(new)
    network.graph.erase_node(node)


def insert(network: fx.GraphModule, before: fx.Node, value: Any, name: str, module: Any) -> Any:
    """Insert a module before a node, and make its result the node's argument."""
    while hasattr(network, name):
        name += "_"
    network.add_submodule(name, module)
    with network.graph.inserting_before(before):
        new = network.graph.call_module(name, (value,))
    before.replace_input_with(value, new)
    return new


def _to_module(network: fx.GraphModule, node: Any) -> None:
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
    if name in ("relu", "relu_"):
        replace(network, node, nn.ReLU())
    elif node.target in _POOLS:
        replace(network, node, _pool(node))
    elif name in _FLATTENS and _flattens(node):
        replace(network, node, nn.Flatten())
    elif name == "mean" and _over_image(node):
        replace(network, node, nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
        _open_sequential(network)
    elif name == "dropout":
        node.replace_all_uses_with(node.args[0])
        network.graph.erase_node(node)
    elif name not in ("size", "getattr", "getitem"):
        raise ValueError(
            f"{node.name}: {name} has no spiking counterpart (use convolutions, linear layers, "
            "batch norms, ReLU, pools, sums and flatten)"
        )


def _open_sequential(network: fx.GraphModule) -> None:
    """Replace calls of a Sequential with calls of its two members."""
    for node in list(network.graph.nodes):
        if node.op == "call_module" and isinstance(
            network.get_submodule(str(node.target)), nn.Sequential
        ):
            value = node.args[0]
            with network.graph.inserting_before(node):
                for index in range(2):
                    value = network.graph.call_module(f"{node.target}.{index}", (value,))
            node.replace_all_uses_with(value)
            network.graph.erase_node(node)


def _pool(node: fx.Node) -> nn.Module:
    make: Callable[..., nn.Module] = _POOLS[node.target]
    names = {"kernel_size", "stride", "padding", "output_size", "ceil_mode"}
    options = {key: value for key, value in node.kwargs.items() if value and key in names}
    return make(*node.args[1:], **options)


def _flattens(node: Any) -> bool:
    """Return whether all axes after the batch become one."""
    rest = [*node.args[1:], *node.kwargs.values()]
    if node.target in (torch.flatten, "flatten"):
        return rest == [1]
    return len(rest) == 2 and rest[1] == -1


def _over_image(node: Any) -> bool:
    axes: Any = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim")
    keeps_axes = bool(node.kwargs.get("keepdim")) or len(node.args) > 2
    if keeps_axes or not isinstance(axes, list | tuple):
        return False
    return sorted(axes) in ([2, 3], [-2, -1])


def _refuse_reuse(network: fx.GraphModule) -> None:
    seen: set[str] = set()
    for node in network.graph.nodes:
        if node.op != "call_module":
            continue
        path = str(node.target)
        module = network.get_submodule(path)
        if path in seen and isinstance(module, nn.ReLU | nn.ReLU6 | nn.Flatten | nn.Dropout):
            # Without weights, each use gets one of its own.
            name = f"{path.replace('.', '_')}_{len(seen)}"
            network.add_submodule(name, deepcopy(module))
            node.target = name
        elif path in seen:
            raise ValueError(f"{path}: this layer is used twice (give each use one of its own)")
        seen.add(str(node.target))


class Values(fx.Interpreter):
    """An interpreter of a traced network that keeps the result of every node."""

    def __init__(self, network: fx.GraphModule) -> None:
        super().__init__(network, garbage_collect_values=False)

    @torch.no_grad()
    def of(self, x: Tensor) -> dict[str, Tensor]:
        """Run the graph, and return the values by the nodes' names."""
        self.run(x)
        return {node.name: value for node, value in self.env.items() if isinstance(value, Tensor)}
