"""Pass: floats on a chip's grid become its integers.

1. A weight is an integer times 2**exponent, a parameter an integer with the number system's
   fraction; what is not exactly one is refused, and the layer named.
2. A sum pool is a depthwise convolution; a max pool takes the spikes of one layer.
3. An addition is carried to the neurons: a layer of weights applies to each term.
4. What reaches neurons without weights gets weights of one.
5. What measurements drive reads the input as it is, which then carries currents.
6. A delay becomes one of each dense weight that reads it; a loop reads what neurons sent before.
Changes: every node; the result is a Program.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import graph as g
from neurodeploy.data.narrow import Multiples, integer_type, narrowed, pieces
from neurodeploy.data.structure import Edge
from neurodeploy.errors import DoesNotFitError
from neurodeploy.lowering.driven import driven_neuron, is_driven, signal_of
from neurodeploy.program import (
    Conv2d,
    Dense,
    Flatten,
    Input,
    MaxPool2d,
    NarrowIntegers,
    Neuron,
    Node,
    Program,
)

# Where a layer does not say in what it adds up.
_DENSE_BITS, _KERNEL_BITS = 32, 24


def to_program(graph: g.Graph) -> Program:
    """The program of a graph whose layers are quantized.

    Raises:
        DoesNotFitError: if a layer is not, or has no integer form; names it.
    """
    return _Lowering(graph).run()


class _Lowering:
    def __init__(self, graph: g.Graph) -> None:
        self.graph = graph
        self.nodes: list[Node] = []
        # Of each graph node: the program nodes whose sum is its value.
        self.terms: dict[str, list[str]] = {}
        # Of each that is delayed: by how many steps, for each of its values.
        self.late: dict[str, NDArray[np.int64]] = {}

    def run(self) -> Program:
        for node in self.graph.nodes:
            self.terms[node.name] = self._lower(node)
        output = self.graph.by_name[self.graph.output]
        if not isinstance(output, g.Neuron):
            raise DoesNotFitError(
                f"{output.name}: the network ends in a layer without neurons",
                remedy="append quant.CubaLIF, quant.LIF or quant.IF",
            )
        return Program(tuple(self.nodes), output.name)

    def _lower(self, node: Any) -> list[str]:
        if any(edge.delay for edge in node.sources):
            return [self._append(self._loop(node))]
        if isinstance(node, g.Input):
            signal = signal_of(self.graph, node)
            return [self._append(Input(node.name, node.shape, signal))]
        if isinstance(node, g.Add):
            self._require_no_delay(node)
            return [term for edge in node.terms for term in self.terms[edge.source]]
        if isinstance(node, g.Neuron):
            return [self._append(self._neuron(node))]
        terms = self.terms[node.source.source]
        if isinstance(node, g.Delay):
            return self._delayed(node, terms)
        if isinstance(node, g.Flatten) and len(self.graph.shapes[node.source.source]) == 1:
            self._delays(node)
            return terms
        if isinstance(node, g.MaxPool2d):
            self._one_term(node, terms)
        self._not_after_weights(node, terms)
        names = [node.name, *(f"{node.name}.{count}" for count in range(1, len(terms)))]
        return [
            self._append(self._linear(node, name, Edge(term)))
            for name, term in zip(names, terms, strict=True)
        ]

    def _append(self, node: Node) -> str:
        self.nodes.append(node)
        return node.name

    def _loop(self, node: Any) -> Node:
        """Dense weights that bring back what a layer sent a step or more before.

        Raises:
            DoesNotFitError: if anything else reads what is past.
        """
        edge = node.sources[0]
        if not isinstance(node, g.Linear) or not isinstance(
            self.graph.by_name[edge.source], g.Neuron
        ):
            raise DoesNotFitError(
                f"{node.name}: reads {edge.source} {edge.delay} steps late, which only dense "
                "weights from neurons can",
                remedy="leave the delay out, or put snncore.layer.Delay before dense weights",
            )
        return self._linear(node, node.name, edge)

    def _delayed(self, node: g.Delay, terms: list[str]) -> list[str]:
        """The same values; the weights that read them are told how late."""
        name, shape = node.source.source, self.graph.shapes[node.name]
        steps = node.steps.astype(np.int64).reshape(-1, *[1] * (len(shape) - 1))
        before = self.late.get(name, np.zeros(shape, dtype=np.int64))
        self.late[node.name] = before + np.broadcast_to(steps, shape)
        return terms

    def _delays(self, node: Any) -> NDArray[np.int64] | None:
        """How late each weight reads its input, if what it reads is delayed.

        Raises:
            DoesNotFitError: if what reads delayed values is no layer of dense weights.
        """
        late = self.late.get(node.source.source)
        if late is None:
            return None
        if isinstance(node, g.Flatten):
            self.late[node.name] = late.reshape(-1)
        elif not isinstance(node, g.Linear):
            self._require_no_delay(node)
        return late.reshape(-1)

    def _require_no_delay(self, node: Any) -> None:
        if any(edge.source in self.late for edge in node.sources):
            raise DoesNotFitError(
                f"{node.name}: reads what is delayed, and only dense weights have delays",
                remedy="put the delay before a quant.Linear",
            )

    def _linear(self, node: Any, name: str, source: Edge) -> Node:
        self._delays(node)
        if isinstance(node, g.Flatten):
            return Flatten(name, source)
        if isinstance(node, g.MaxPool2d):
            return MaxPool2d(name, source, node.kernel, node.stride, node.padding)
        exponent = _exponent_of(node)
        if isinstance(node, g.Linear):
            weight = on_grid(node.narrow_weight, exponent, f"{node.name}.weight")
            bits = node.accumulator_bits or _DENSE_BITS
            late = self._delays(node)
            late = None if late is None else np.broadcast_to(late, weight.shape)
            return Dense(name, source, weight, exponent, 0, bits, late)
        bits = node.accumulator_bits or _KERNEL_BITS
        if isinstance(node, g.SumPool2d):
            channels = self.graph.shapes[node.source.source][0]
            value = on_grid(np.float64(node.weight), exponent, f"{node.name}.weight")
            weight = np.full((channels, 1, *node.kernel), value)
            geometry = (node.stride, (0, 0), (1, 1), channels)
            return Conv2d(name, source, weight, *geometry, exponent, bits)
        weight = on_grid(node.narrow_weight, exponent, f"{node.name}.weight")
        geometry = (node.stride, node.padding, node.dilation, node.groups)
        return Conv2d(name, source, weight, *geometry, exponent, bits)

    def _neuron(self, node: g.Neuron) -> Node:
        if node.system is None or node.exponent is None:
            raise DoesNotFitError(
                f"{node.name}: its neurons are floats, in no chip's number system",
                remedy="use quant.CubaLIF and train, or load a quantized model",
            )
        self._delays(node)
        system = node.system
        parameters = {
            key: on_grid(value, self._exponent(node, key), f"{node.name}.{key}")
            for key, value in node.parameters.items()
        }
        if is_driven(node):
            return driven_neuron(self.graph, node, parameters)
        drives = [self.terms[edge.source] for edge in node.sources]
        edges = tuple(self._weighted(term, node) for terms in drives for term in terms)
        names = zip(node.equations.inputs, drives, strict=True)
        ports = tuple(name for name, terms in names for _ in terms)
        exponent = node.exponent
        return Neuron(node.name, edges, node.equations, system, parameters, exponent, ports)

    def _exponent(self, node: g.Neuron, key: str) -> int:
        """A parameter without fraction counts in the layer's unit; one with it is a ratio."""
        assert node.system is not None
        assert node.exponent is not None
        fraction = node.system.parameter_fraction(key)
        return -fraction if fraction else node.exponent

    def _not_after_weights(self, node: Any, terms: list[str]) -> None:
        for term in terms:
            weights = self._weights_behind(term)
            if weights is not None and not isinstance(node, g.Flatten):
                raise DoesNotFitError(
                    f"{node.name}: reads {weights.name} with no neurons between them",
                    remedy="put quant.CubaLIF between layers of weights, and pools after neurons",
                )

    def _one_term(self, node: g.MaxPool2d, terms: list[str]) -> None:
        if len(terms) > 1:
            raise DoesNotFitError(
                f"{node.name}: takes the largest of a sum, which its terms do not have",
                remedy="put the pool before the addition, or neurons between them",
            )

    def _weights_behind(self, term: str) -> Dense | Conv2d | None:
        """The layer of weights whose sums this value is, as it is or flattened."""
        source = next(n for n in self.nodes if n.name == term)
        while isinstance(source, Flatten):
            name = source.source.source
            source = next(n for n in self.nodes if n.name == name)
        return source if isinstance(source, Dense | Conv2d) else None

    def _weighted(self, term: str, node: g.Neuron) -> Edge:
        """An edge from weights in the neurons' unit."""
        source = self._weights_behind(term)
        if source is None:
            return Edge(self._append(self._identity(term, node)))
        if source.exponent != node.exponent:
            raise DoesNotFitError(
                f"{node.name}: counts in 2^{node.exponent}, and {term} in 2^{source.exponent}",
                remedy="give both the same exponent",
            )
        return Edge(term)

    def _identity(self, term: str, node: g.Neuron) -> Node:
        assert node.exponent is not None
        shape = self.graph.shapes[node.name]
        one = on_grid(np.float64(1.0), node.exponent, f"{node.name}: a spike")
        taken = sum(name.name.startswith(f"{node.name}.identity") for name in self.nodes)
        name = f"{node.name}.identity{taken or ''}"
        if len(shape) == 3:
            weight = np.full((shape[0], 1, 1, 1), one)
            return Conv2d(name, Edge(term), weight, groups=shape[0], exponent=node.exponent)
        return Dense(name, Edge(term), np.eye(shape[0], dtype=np.int64) * one, node.exponent)


def _exponent_of(node: Any) -> int:
    """Return the exponent of weights on a chip's grid, to whose sums nothing is added.

    Raises:
        DoesNotFitError: if they are not; names the layer.
    """
    if isinstance(node, g.BatchNorm):
        raise DoesNotFitError(
            f"{node.name}: a batch norm scales by floats",
            remedy="use quant.prepare, which folds it into the weights before it",
        )
    if node.exponent is None and isinstance(node, g.SumPool2d):
        raise DoesNotFitError(
            f"{node.name}: no weights and no neurons read the sums of this pool as they are",
            remedy="put the pool right before weights, a delay before the pool, or "
            "quant.SumPool2d and neurons into quant.Block",
        )
    if node.exponent is None:
        raise DoesNotFitError(
            f"{node.name}: its weights are floats, not on a chip's grid",
            remedy=f"use quant.{type(node).__name__} and train, or load a quantized model",
        )
    if getattr(node, "bias", None) is not None:
        raise DoesNotFitError(
            f"{node.name}: its bias is the neurons' to add",
            remedy="give the neurons a parameter for it",
        )
    exponent: int = node.exponent
    return exponent


def on_grid(values: Any, exponent: int, name: str) -> NarrowIntegers:
    """The integers whose multiples of 2**exponent the values are.

    Raises:
        DoesNotFitError: if a value is none; names where.
    """
    if isinstance(values, Multiples) and values.exponent == exponent:
        return narrowed(values.integers)
    array = np.asarray(values)
    # What the values are multiplied by is a power of two, and keeps their order.
    low, high = (_whole(array.min(), exponent), _whole(array.max(), exponent))
    if max(-low, high) >= 2.0**62:
        remedy = "scale it down"
        raise DoesNotFitError(f"{name}: a value needs more than 62 bits", remedy=remedy)
    result = np.empty(array.size, integer_type(int(low), int(high)))
    start = 0
    # In pieces, so that large layers are not held several times over.
    for piece in pieces(array):
        whole, scaled = _whole(piece, exponent), piece.astype(np.float64) * 2.0**-exponent
        if not (whole == scaled).all():
            worst = piece[int(np.abs(whole - scaled).argmax())]
            raise DoesNotFitError(
                f"{name}: {worst:g} is no multiple of 2^{exponent}", remedy="quantize it first"
            )
        result[start : start + len(piece)] = whole
        start += len(piece)
    result.setflags(write=False)
    return result.reshape(array.shape)


def _whole(values: Any, exponent: int) -> Any:
    return np.rint(np.asarray(values, dtype=np.float64) * 2.0**-exponent)
