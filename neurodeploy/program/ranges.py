"""Ranges proved by interval analysis: every sum and state, for any input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add

from neurodeploy.data.structure import Edge, Shape
from neurodeploy.errors import ValidationError
from neurodeploy.program.kinds import Neuron, Node
from neurodeploy.program.kinds.node import LayerRange as LayerRange
from neurodeploy.program.program import Program
from neurodeploy.program.remembered import remembered
from snncore.dynamics.arithmetic.interval import ZERO, Interval


@dataclass(frozen=True)
class Ranges:
    """The range of every node's value, and the ranges of every layer of neurons."""

    values: dict[str, Interval]
    layers: dict[str, LayerRange]


@remembered
def ranges(program: Program, inputs: Interval | None = None) -> Ranges:
    """Return the ranges of a program for inputs within an interval (by default: any).

    Raises:
        ValidationError: if a layer's states have no bound; names the layer.
    """
    values = Values(program.by_name, program.shapes, inputs)
    layers = {node.name: values.layer(node.name) for node in program.layers}
    return Ranges({node.name: values.of(node.name) for node in program.nodes}, layers)


class Values:
    """The range of every node, computed when another asks for it.

    A layer that spikes is 0..1 whatever drives it, so most loops end at its first neurons. So do
    those of neurons that send counts, which have a bound that no drive exceeds.
    """

    def __init__(
        self, nodes: Mapping[str, Node], shapes: Mapping[str, Shape], inputs: Interval | None
    ) -> None:
        self.nodes, self.shapes, self.inputs = nodes, shapes, inputs
        # None while it is being computed.
        self._values: dict[str, Interval | None] = {}
        # Nodes of a loop that are computed once more, up to neurons with such a bound.
        self._again: set[str] = set()
        self._layers: dict[str, LayerRange] = {}

    def layer(self, name: str) -> LayerRange:
        """Return the ranges of a layer of neurons."""
        if name not in self._layers:
            node = self.nodes[name]
            assert isinstance(node, Neuron)
            drives = {
                port: reduce(add, map(self.over, edges), ZERO)
                for port, edges in node.drives.items()
            }
            self._layers[name] = node.layer_range(drives)
        return self._layers[name]

    def shape(self, name: str) -> Shape:
        """Return the shape of a node's value."""
        return self.shapes[name]

    def over(self, edge: Edge) -> Interval:
        """Return the range over an edge; a delayed value is 0 at first."""
        value = self.of(edge.source)
        return value.hull(ZERO) if edge.delay else value

    def of(self, name: str) -> Interval:
        """Return the range of a node's value.

        Raises:
            ValidationError: if it reads itself with no neurons that send spikes between.
        """
        if name not in self._values:
            self._values[name] = None
            self._values[name] = self.nodes[name].value_range(self)
        value = self._values[name]
        return self._in_loop(name) if value is None else value

    def _in_loop(self, name: str) -> Interval:
        """Return the range of a node that reads itself."""
        node = self.nodes[name]
        if isinstance(node, Neuron) and node.sent is not None:
            return node.sent
        if name in self._again:
            raise self._endless(name)
        self._again.add(name)
        value = node.value_range(self)
        self._again.discard(name)
        return value

    def _endless(self, name: str) -> ValidationError:
        """Return the error of a loop of values that each follow from the others."""
        open_nodes = [node for node, value in self._values.items() if value is None]
        loop = open_nodes[open_nodes.index(name) :]
        counting = next((node for node in loop if isinstance(self.nodes[node], Neuron)), None)
        if counting is None:
            return ValidationError(
                f"{name}: a loop of weights without neurons has no bound",
                remedy="put neurons into the loop",
            )
        back = next(node for node in (*loop, name) if node != counting)
        return ValidationError(
            f"{counting}: sends numbers that come back to it over {back}, so that its states "
            "have no bound",
            remedy="let neurons in a loop send spikes of 0 or 1: at most one a step",
        )
