"""The program so far, while the nodes of a graph become its nodes one by one."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import graph as g
from neurodeploy.data.structure import Edge, Shape, require
from neurodeploy.errors import DoesNotFitError, ValidationError
from neurodeploy.lowering.grid import on_grid
from neurodeploy.program import (
    Add,
    Arithmetic,
    Attention,
    Conv2d,
    Dense,
    Node,
    Reshape,
    Selection,
    SumPool2d,
    Synapse,
)
from neurodeploy.program.ranges import Values

Steps = NDArray[np.int64]
# The register in which the sums of attention become a drive.
COUNT_BITS = 32


class Terms:
    """The program nodes so far, and for each graph node those whose sum is its value."""

    def __init__(self, graph: g.Graph, largest_sum: int = 0) -> None:
        self.graph, self.largest_sum = graph, largest_sum
        self.nodes: dict[str, Node] = {}
        self.shapes: dict[str, Shape] = {}
        self._ranges = Values(self.nodes, self.shapes, None)
        self.of: dict[str, list[str]] = {}
        # For each delayed graph node: by how many steps, for each of its values.
        self.late: dict[str, Steps] = {}

    def append(self, node: Node) -> list[str]:
        """Append a program node, and return its name as the only term.

        Raises:
            ValidationError: if another node has its name.
        """
        require(node.name not in self.nodes, f"{node.name}: two nodes have this name")
        self.nodes[node.name] = node
        read = (edge.source for edge in node.sources)
        self.shapes[node.name] = node.output_shape(
            [self.shapes[n] for n in read if n in self.shapes]
        )
        return [node.name]

    def is_value(self, node: Arithmetic) -> bool:
        """Return whether a sum of spikes, which are no sums of weights, is a value of the program.

        Its range must be proved to stay within the target's.
        """
        sources = [edge.source for edge in node.sources]
        if not self.largest_sum or any(self._weights_behind(name) for name in sources):
            return False
        try:
            bounds = [self._ranges.of(name) for name in sources]
        except (ValidationError, LookupError):
            # Neurons that send numbers may have no bound, or read what comes later.
            return False
        return node.largest_sum(bounds, self.shapes[sources[0]]) <= self.largest_sum

    def append_each(self, name: str, source: Edge, node: Callable[[str, Edge], Node]) -> list[str]:
        """Append a program node for each term of a source, and return their names."""
        terms = self.of[source.source]
        names = [name, *(f"{name}.{count}" for count in range(1, len(terms)))]
        pairs = zip(names, terms, strict=True)
        return [term for label, read in pairs for term in self.append(node(label, Edge(read)))]

    def require_no_delay(self, node: g.Node) -> None:
        """Check that a node reads nothing that is delayed.

        Raises:
            DoesNotFitError: if it does.
        """
        if any(edge.source in self.late for edge in node.sources):
            raise DoesNotFitError(
                f"{node.name}: reads what is delayed, and only dense weights have delays",
                remedy="put the delay before a quant.Linear",
            )

    def require_spikes(self, node: g.Node) -> None:
        """Check that a node reads no sums of weights.

        Raises:
            DoesNotFitError: if it does; names the weights.
        """
        for term in (term for edge in node.sources for term in self.of[edge.source]):
            weights = self._weights_behind(term)
            if weights is not None:
                raise DoesNotFitError(
                    f"{node.name}: reads {weights.name} with no neurons between them",
                    remedy="put quant.CubaLIF between layers of weights, and pools after neurons",
                )

    def driving(self, edge: Edge, node: g.Neuron) -> list[Edge]:
        """Return edges from weights in the neurons' unit, for each term of what drives them."""
        return [self._weighted(term, node) for term in self.of[edge.source]]

    def unit_of(self, term: str) -> str:
        """Return the unit that a value counts in, in words."""
        source = self._weights_behind(term)
        return "which are spikes" if source is None else f"which counts in 2^{source.exponent}"

    def _weights_behind(self, term: str) -> Synapse | None:
        """Return the weights whose sums a value is, as it is or moved.

        Of several that are joined it is the first: all count in one unit.
        """
        source = self._origin(term)
        return source if isinstance(source, Synapse) else None

    def _origin(self, term: str) -> Node:
        """Return the node whose values a value is, as they are or moved."""
        source = self.nodes[term]
        while isinstance(source, Selection):
            source = self.nodes[source.sources[0].source]
        return source

    def _weighted(self, term: str, node: g.Neuron) -> Edge:
        source = self._weights_behind(term)
        if source is None:
            (name,) = self.append(self._identity(term, node))
            return Edge(name)
        if source.exponent != node.exponent:
            raise DoesNotFitError(
                f"{node.name}: counts in 2^{node.exponent}, and {term} in 2^{source.exponent}",
                remedy="give both the same exponent",
            )
        return Edge(term)

    def _identity(self, term: str, node: g.Neuron) -> Node:
        """Return weights of one for values that come without weights."""
        assert node.exponent is not None
        shape = self.graph.shapes[node.name]
        one = on_grid(np.float64(1.0), node.exponent, f"{node.name}: a spike")
        count = sum(name.startswith(f"{node.name}.identity") for name in self.nodes)
        name = f"{node.name}.identity{count or ''}"
        if len(shape) == 1:
            return Dense(name, Edge(term), np.eye(shape[0], dtype=np.int64) * one, node.exponent)
        weight = np.full((shape[0], 1, 1, 1), one)
        form: dict[str, Any] = {"groups": shape[0], "exponent": node.exponent}
        if isinstance(self._origin(term), Attention | Add | SumPool2d):
            # Its sums are larger than those of most layers.
            form["accumulator_bits"] = COUNT_BITS
        if len(shape) == 3:
            return Conv2d(name, Edge(term), weight, **form)
        # Values of other axes are weighed as an image, and come back to their shape.
        (image,) = self.append(Reshape(f"{name}.image", Edge(term), (shape[0], 1, prod(shape[1:]))))
        kernel = Conv2d(name, Edge(image), weight, **form)
        (sums,) = self.append(kernel)
        return Reshape(f"{name}.shape", Edge(sums), shape)
