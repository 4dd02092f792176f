"""The layers of weights that drive each layer of neurons."""

from __future__ import annotations

from typing import Any

from torch import fx

from snncore.ann2snn.fusion import WEIGHTED
from snncore.ann2snn.neuron import is_rate_neuron


def driven(network: fx.GraphModule) -> list[tuple[list[Any], Any]]:
    """Group the weight layers by the neurons that they drive; the last group has no neurons."""
    # A node's name -> the layers of weights whose sums it carries.
    carried: dict[str, list[Any]] = {}
    groups: list[tuple[list[Any], Any]] = []
    for node in network.graph.nodes:
        behind = [m for source in node.all_input_nodes for m in carried.get(source.name, [])]
        if node.op == "call_module":
            module = network.get_submodule(str(node.target))
            if is_rate_neuron(module):
                groups.append((behind, module))
                behind = []
            elif isinstance(module, WEIGHTED):
                behind = [module]
        elif node.op == "output":
            groups.append((behind, None))
        carried[node.name] = behind
    return [(list(dict.fromkeys(modules)), neuron) for modules, neuron in groups if modules]
