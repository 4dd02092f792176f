"""Neurons as C: one function a kind, called for every neuron of the layers of that kind.

A function is right for all states in their registers, and for inputs and parameters of as many
bits as its layers need, rounded up to a multiple of four: so layers of one kind share a function,
whatever they were trained to, and networks of one kind have the same text. Where such ranges need
more than 64 bits, a layer has a function of its own, for the ranges that were proved for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from neurodeploy.data.structure import Edge, Shape
from neurodeploy.program import Neuron
from snncore.dynamics import NumberSystem, Overflow
from snncore.dynamics.arithmetic.interval import ZERO, Interval, step_intervals
from snncore.dynamics.printing.c99 import CStep, c_name, c_step, width_of
from snncore.dynamics.printing.step_ranges import StepRanges
from targets.c.text.memory import Memory
from targets.c.text.synapses import Weights
from targets.c.text.words import (
    Block,
    array_lines,
    comment,
    function,
    index_of,
    loop,
    nested,
    strides_of,
)

_BITS = 4


@dataclass(frozen=True)
class Layer:
    """One layer of neurons, its function, and the weights that drive it."""

    node: Neuron
    memory: Memory
    step: CStep
    weights: Mapping[str, Weights]

    @property
    def number(self) -> int:
        """The number of the node."""
        return self.memory.numbers[self.node.name]

    @property
    def shape(self) -> Shape:
        """The shape of the layer."""
        return self.memory.program.shapes[self.node.name]

    @property
    def size(self) -> int:
        """The number of neurons."""
        return self.memory.values[self.node.name].size

    @property
    def sources(self) -> frozenset[str]:
        """The nodes that the layer reads."""
        return frozenset(edge.source for edge in self.node.inputs)

    def state_field(self, state: str) -> str:
        """Return the name of a state's field."""
        return c_name(f"n{self.number}", state, self.node.equations.states.index(state))

    def states(self) -> list[tuple[str, str, int, int]]:
        """Return type, name, length and bytes of the states' fields."""
        return [
            (f"int{bits}_t", self.state_field(state), self.size, bits // 8)
            for state, bits in self.step.stored.items()
        ]

    def parameter_field(self, key: str) -> str:
        """Return the name of a parameter's constant array."""
        return c_name(f"p{self.number}", key, self.node.equations.parameters.index(key))

    def arrays(self) -> Block:
        """Return the constant arrays of the parameters that the function reads."""
        return [
            line
            for key in self.step.parameters
            for line in array_lines(self.parameter_field(key), self.node.parameters[key])
        ]

    def scattered(self, edges: Sequence[Edge]) -> list[Weights]:
        """Return the weights whose events add to sums of this layer."""
        fused = [self.weights[edge.source] for edge in edges if edge.source in self.weights]
        return [weights for weights in fused if weights.scatters]

    def sums(self, edges: Sequence[Edge]) -> Interval:
        """Return the range of the sums that events add to."""
        return reduce(Interval.__add__, (w.result for w in self.scattered(edges)), ZERO)

    @property
    def sum_bits(self) -> int:
        """The width of the sums; 0 if there are none."""
        drives = self.node.drives.values()
        if not any(self.scattered(edges) for edges in drives):
            return 0
        return width_of(reduce(Interval.hull, map(self.sums, drives)), (16, 32, 64))

    @property
    def ports(self) -> int:
        """The number of arrays of sums."""
        return sum(bool(self.scattered(edges)) for edges in self.node.drives.values())

    @property
    def channels_last(self) -> bool:
        """Whether the sums of an image have all channels of a pixel side by side."""
        return len(self.shape) == 3

    def lines(self) -> Block:
        """Return the function that takes the layer one step on."""
        value = self.memory.values[self.node.name]
        body: Block = []
        if self.sum_bits:
            body += [f"int{self.sum_bits}_t *sums = n->sums.s{self.sum_bits};"]
        body += [f"{value.type} *sent = {value.pointer()};"]
        if self.sum_bits:
            body += loop("i", self.size * self.ports, ["sums[i] = 0;"])
        first = 0
        for edges in self.node.drives.values():
            scattered = self.scattered(edges)
            for weights in scattered:
                body += weights.calls(f"sums + {first}" if first else "sums")
            first += self.size if scattered else 0
        if value.is_bits:
            body += loop("i", value.words, ["sent[i] = 0;"])
        body += self._neurons()
        pixels = self.shape[1] * self.shape[2] if self.channels_last else 1
        indices = ["i", "c", "p"] if self.channels_last and pixels else ["i"]
        head = f"static void layer{self.number}(nd_network *n, const int32_t *input)"
        return function(head, indices, ["(void)input;", *body])

    def _neurons(self) -> Block:
        """Return the loop over the neurons."""
        value = self.memory.values[self.node.name]
        arguments = [f"&n->{self.state_field(state)}[i]" for state in self.step.stored]
        arguments += self._drives()
        arguments += [self._parameter(key) for key in self.step.parameters]
        sent = f"{self.step.name}({', '.join(arguments)})"
        body = [value.write("sent", "i", sent)]
        if not self.channels_last:
            return loop("i", self.size, body)
        channels, rows, columns = self.shape
        counts = [("c", channels), ("p", rows * columns)]
        return nested(counts, [f"i = c * {rows * columns} + p;", *body])

    def _drives(self) -> list[str]:
        """Return the expression of every input's sum."""
        drives, first = [], 0
        for port, edges in self.node.drives.items():
            bits = width_of(self.step.ranges.inputs[port], (32, 64))
            terms, scattered = [], self.scattered(edges)
            if scattered:
                terms.append(f"sums[{self._sum_index(first)}]")
                first += self.size
            for edge in edges:
                weights = self.weights.get(edge.source)
                if weights is not None and not weights.scatters:
                    terms.append(weights.gathered("i"))
                elif weights is None:
                    value, pointer = self.memory.value(edge)
                    terms.append(value.read(f"({pointer})", "i"))
            drives.append(" + ".join(f"(int{bits}_t){term}" for term in terms))
        return drives

    def _sum_index(self, first: int) -> str:
        if not self.channels_last:
            return index_of([("i", 1)], first)
        return index_of([("p", self.shape[0]), ("c", 1)], first)

    def _parameter(self, key: str) -> str:
        values, field = self.node.parameters[key], self.parameter_field(key)
        return f"{field}[{broadcast_index(values.shape, self.shape)}]"


def broadcast_index(shape: Shape, layer: Shape) -> str:
    """Return where the neuron `i` of a layer reads an array that broadcasts over the layer."""
    if shape == layer:
        return "i"
    lengths = (1,) * (len(layer) - len(shape)) + shape
    terms = []
    for length, size, inner, stride in zip(
        lengths, layer, strides_of(layer), strides_of(lengths), strict=True
    ):
        if length > 1:
            index = "i" if inner == 1 else f"i / {inner}"
            terms.append((f"{index} % {size}" if inner * size < _size(layer) else index, stride))
    return index_of(terms)


def _size(shape: Shape) -> int:
    return int(np.prod(shape, dtype=np.int64))


def layers_of(memory: Memory, by_event: bool) -> list[Layer]:
    """Return every layer of neurons, those of one kind with one function.

    Raises:
        ValueError: if a kind needs more than 64 bits; names it.
    """
    weights = {
        node.name: Weights(node, memory, by_event)
        for node in memory.program.synapses
        if node.name in memory.fused
    }
    steps = _steps(memory, weights)
    return [Layer(node, memory, steps[node.name], weights) for node in memory.program.layers]


def _steps(memory: Memory, weights: Mapping[str, Weights]) -> dict[str, CStep]:
    kinds: dict[object, list[Neuron]] = {}
    for node in memory.program.layers:
        kinds.setdefault((node.integer_equations, node.system), []).append(node)
    steps: dict[str, CStep] = {}
    count = 0
    for nodes in kinds.values():
        proved = {node.name: _proved(node, memory, weights) for node in nodes}
        shared = _shared(nodes, list(proved.values()))
        step = _printed(f"neuron{count}", nodes[0], shared)
        if step is not None:
            steps |= dict.fromkeys(proved, step)
            count += 1
            continue
        for node in nodes:
            single = _printed(f"neuron{count}", node, proved[node.name], must=True)
            assert single is not None
            steps[node.name] = single
            count += 1
    return steps


def _proved(node: Neuron, memory: Memory, weights: Mapping[str, Weights]) -> StepRanges:
    """Return the ranges that were proved for one layer, and the sums on the way to its inputs."""
    layer = memory.ranges.layers[node.name]
    inputs = {}
    for port, edges in node.drives.items():
        terms = [
            weights[edge.source].result if edge.source in weights else memory.interval(edge)
            for edge in edges
        ]
        inputs[port] = reduce(Interval.__add__, terms, ZERO).hull(layer.drives[port])
    return StepRanges(layer.states, inputs, node.parameter_ranges)


def _shared(nodes: Sequence[Neuron], proved: Sequence[StepRanges]) -> StepRanges:
    """Return ranges that depend on the kind and on few bits of its layers."""
    system = nodes[0].system
    states = {
        key: reduce(Interval.hull, (each.states[key] for each in proved), _register(system, key))
        for key in nodes[0].equations.states
    }
    inputs = {
        key: _rounded(reduce(Interval.hull, (each.inputs[key] for each in proved)))
        for key in proved[0].inputs
    }
    parameters = {
        key: _rounded(reduce(Interval.hull, (each.parameters[key] for each in proved)))
        for key in proved[0].parameters
    }
    return StepRanges(states, inputs, parameters)


def _register(system: NumberSystem, state: str) -> Interval:
    """Return every value that a state's register holds."""
    form = system.state(state)
    low, high = form.limits
    if form.overflow == Overflow.WRAP_ONCE:
        return Interval(-high, high + 1)
    if form.overflow == Overflow.WRAP:
        return Interval(-high - 1, high)
    return Interval(min(low, 0), max(high, 0))


def _rounded(interval: Interval) -> Interval:
    """Return the interval of so many bits, a multiple of four, with a sign if it has one."""
    bits = max(interval.high, -interval.low - 1, 0).bit_length()
    whole = -(-bits // _BITS) * _BITS
    if whole in (32, 64) and bits < whole:
        # The sign of a word takes one of its bits.
        whole -= 1
    top = (1 << whole) - 1
    return Interval(-top - 1 if interval.low < 0 else 0, top)


def _printed(name: str, node: Neuron, ranges: StepRanges, *, must: bool = False) -> CStep | None:
    equations = node.integer_equations
    try:
        following, bounds = step_intervals(
            equations, ranges.states, ranges.inputs, ranges.parameters
        )
        # The next step begins where this one ends.
        if not all(following[s].within(ranges.states[s]) for s in equations.states):
            raise ValueError(f"{node.name}: a state may leave its register")
        return c_step(name, equations, ranges, bounds)
    except ValueError as error:
        if must:
            raise ValueError(f"{node.name}: {error}") from error
        return None


def described(step: CStep, names: Sequence[str]) -> Block:
    """Return the comment above a function: its kind, its layers and its ranges."""
    words = [
        f"{label} {key} {value.low}..{value.high}"
        for label, values in (
            ("state", step.ranges.states),
            ("input", step.ranges.inputs),
            ("parameter", {k: step.ranges.parameters[k] for k in step.parameters}),
        )
        for key, value in values.items()
    ]
    return [
        f"/* {comment(step.equations.name)}: {comment(', '.join(names))}",
        *(f" * {comment(word)}" for word in words),
        " */",
    ]
