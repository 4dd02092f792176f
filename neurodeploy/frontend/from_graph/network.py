"""A graph in floats as a torch network: a layer for each node, loops as layers that run by steps.

Every layer computes what its node says in float32. Names are the nodes', but for those that torch's
modules use themselves.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from keyword import iskeyword

from torch import nn

from neurodeploy import graph as g
from neurodeploy.data.structure import Edge, Shape
from neurodeploy.frontend.calls import INPUT, Calls, TracedCall
from neurodeploy.frontend.from_graph.layers import layer_of
from neurodeploy.frontend.from_graph.loops import Loop, loops_of
from neurodeploy.frontend.loaded import LoadedNetwork, assembled
from neurodeploy.graph import ForeignGraph, Node
from snncore import layer
from snncore.dynamics.zoo.readout import LAST


def network_of(foreign: ForeignGraph) -> tuple[nn.Module, Mapping[str, str]]:
    """Return the network of a graph in evaluation, and the layer that each node became.

    Raises:
        UnsupportedLayerError: if a node or a loop has no layer; names it.
    """
    builder = _Builder(foreign)
    network = builder.build()
    return network.float().eval(), builder.paths


class _Builder:
    def __init__(self, foreign: ForeignGraph) -> None:
        self.foreign, self.graph = foreign, foreign.graph
        self.calls: list[TracedCall] = []
        self.layers: dict[str, nn.Module] = {}
        self.values = {self.graph.input.name: INPUT}
        self.shapes: dict[str, Shape] = {INPUT: self.graph.input.shape}
        self.paths: dict[str, str] = {}
        self.loops = {name: loop for loop in loops_of(self.graph) for name in loop.names}

    def build(self) -> nn.Module:
        for node in self.graph.nodes:
            loop = self.loops.get(node.name)
            if loop is None:
                self._call(node)
            elif node.name == loop.body[-1]:
                # The node that others read, maybe before the way back.
                self._loop(loop)
        calls = Calls(tuple(self.calls), self.values[self.graph.output])
        network = assembled(calls, self.layers)
        for call in self.calls:
            for module in (
                [self.layers[call.target]] if INPUT in call.inputs and call.target else []
            ):
                setattr(module, "input_shape", self.graph.input.shape)  # noqa: B010
        return network

    def _call(self, node: Node) -> None:
        if not node.sources:
            # The input.
            return
        if isinstance(node, g.Add):
            self.values[node.name] = self._sum(node.name, node.terms)
            return
        source = self._value(node.sources[0])
        equations = getattr(node, "equations", None)
        if equations is not None and equations.same_computation(LAST):
            # The readout of a network that ends in sums.
            self.values[node.name] = source
            return
        module = layer_of(node, self.foreign)
        self._module(node.name, module, source)

    def _module(self, name: str, module: nn.Module, source: str) -> None:
        path = self._free(name)
        self.layers[path] = module
        self.calls.append(TracedCall(path, "module", (source,), path))
        self.values[name] = self.paths[name] = path

    def _sum(self, name: str, terms: Sequence[Edge]) -> str:
        """Add up values one after another, and return the name of their sum."""
        first, *others = [self._value(edge) for edge in terms]
        for count, other in enumerate(others, 1):
            path = self._free(name if count == len(others) else f"{name}_{count}")
            self.calls.append(TracedCall(path, "add", (first, other)))
            first = path
        return first

    def _value(self, edge: Edge) -> str:
        """Return the call that an edge reads; late values have a layer that delays them."""
        if not edge.delay:
            return self.values[edge.source]
        name = f"{edge.source}_delay_{edge.delay}"
        if name not in self.values:
            self._module(name, layer.Delay(edge.delay), self.values[edge.source])
        return self.values[name]

    def _loop(self, loop: Loop) -> None:
        """Make a loop one layer, which runs step by step."""
        by_name = self.graph.by_name
        entry = self._sum(f"{loop.body[-1]}_drive", loop.outside)
        parts = []
        for names, extra in ((loop.body, 0), (loop.feedback, loop.steps - 1)):
            modules = {n: layer_of(by_name[n], self.foreign) for n in names}
            if extra:
                modules["delay"] = layer.Delay(extra)
            parts.append(_chain(modules))
        body, feedback = parts
        assert body is not None
        name = loop.body[-1]
        module = layer.Recurrent(body, feedback, from_start=loop.from_start)
        self._module(name, module, entry)
        for part, names in (("body", loop.body), ("feedback", loop.feedback)):
            for each in names:
                inner = f".{each}" if len(names) > 1 else ""
                self.paths[each] = f"{self.values[name]}.{part}{inner}"
        self.values |= dict.fromkeys(loop.names, self.values[name])

    def _free(self, name: str) -> str:
        """Return a name that no module and no other call has, nor Python: it is traced as code."""
        empty = LoadedNetwork(Calls((), INPUT), {})
        taken = {INPUT, *(call.name for call in self.calls)}
        while hasattr(empty, name) or name in taken or iskeyword(name):
            name += "_"
        return name


def _chain(modules: Mapping[str, nn.Module]) -> nn.Module | None:
    if len(modules) <= 1:
        return next(iter(modules.values()), None)
    return nn.Sequential(OrderedDict(modules))
