"""A program as network.h and network.c."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.program import Arithmetic, Input, Neuron, Node, Program, Selection, Synapse
from targets.c.text.memory import Memory, Value
from targets.c.text.neurons import Layer, described, layers_of
from targets.c.text.nodes import node_lines
from targets.c.text.synapses import Weights
from targets.c.text.words import Block, comment, function, indented, loop

FORMAT = "1"
FieldOf = tuple[str, str, int, int]


@dataclass(frozen=True)
class Network:
    """A program laid out for C: its memory, its layers and their functions."""

    program: Program
    by_event: bool

    @cached_property
    def memory(self) -> Memory:
        """The values of the program."""
        return Memory(self.program)

    @cached_property
    def layers(self) -> list[Layer]:
        """The layers of neurons."""
        return layers_of(self.memory, self.by_event)

    @cached_property
    def weights(self) -> list[Weights]:
        """The layers of weights."""
        fused = self.layers[0].weights if self.layers else {}
        return [
            fused.get(node.name) or Weights(node, self.memory, by_event=False)
            for node in self.program.synapses
        ]

    @cached_property
    def fields(self) -> list[tuple[Node, list[FieldOf]]]:
        """The fields of the struct, node by node."""
        layers = {layer.node.name: layer for layer in self.layers}
        rows = []
        for node in self.program.nodes:
            value, layer = self.memory.values.get(node.name), layers.get(node.name)
            fields = [] if layer is None else layer.states()
            fields += [] if value is None else value.declarations()
            rows.append((node, fields))
        return rows

    @cached_property
    def sums(self) -> dict[int, int]:
        """The number of sums that events add to, by their width: one place for all layers."""
        longest: dict[int, int] = {}
        for layer in self.layers:
            if layer.sum_bits:
                count = layer.size * layer.ports
                longest[layer.sum_bits] = max(longest.get(layer.sum_bits, 0), count)
        return longest

    @property
    def ram(self) -> int:
        """The bytes of `nd_network`, laid out as 32-bit processors do."""
        size, widest = 0, 1
        parts = [(length or 1, each) for _, row in self.fields for _, _, length, each in row]
        union = max((bits // 8 * count for bits, count in self.sums.items()), default=0)
        alignment = max((bits // 8 for bits in self.sums), default=1)
        for length, each in parts:
            size = -(-size // each) * each + length * each
            widest = max(widest, each)
        widest = max(widest, alignment)
        size = -(-size // alignment) * alignment + -(-union // alignment) * alignment
        return -(-size // widest) * widest

    def header(self) -> str:
        """Return network.h."""
        first, last = self.memory.values[self.program.input.name], self._output
        lines = [
            *_OPENING,
            f"/* {comment(self._signal())} */",
            f"#define ND_INPUTS {first.size}",
            f"/* {comment(self._sent())} */",
            f"#define ND_OUTPUTS {last.size}",
            "",
            "typedef struct {",
            *indented(self._struct()),
            "} nd_network;",
            *_FUNCTIONS,
        ]
        return "\n".join(lines)

    def source(self, description: str) -> str:
        """Return network.c, which begins with the description of the program."""
        blocks: list[Block] = [
            [
                "/* A spiking network in plain C99, written by neurodeploy. Its program, without",
                "the numbers that stand in arrays below:",
                f"{description}*/",
                '#include "network.h"',
                "",
                *_HELPERS,
                "",
            ]
        ]
        for weights in self.weights:
            named = f"/* {comment(weights.node.name)}: weights by "
            named += "source */" if weights.scatters else "output */"
            blocks.append([named, *weights.arrays()])
        for layer in self.layers:
            arrays = layer.arrays()
            if arrays:
                blocks.append([f"/* {comment(layer.node.name)} */", *arrays, ""])
        lines = [line for block in blocks for line in block]
        return "\n".join([*lines, self.code()])

    def code(self) -> str:
        """Return the functions of network.c."""
        kinds = dict.fromkeys(layer.step.name for layer in self.layers)
        blocks = [self._kind(name) for name in kinds]
        blocks += [self._node(node) for node in self.program.nodes]
        blocks += [self._init(), self._step()]
        return "\n".join(line for block in blocks for line in block)

    def _kind(self, name: str) -> Block:
        mine = [layer for layer in self.layers if layer.step.name == name]
        names = [layer.node.name for layer in mine]
        return [*described(mine[0].step, names), *mine[0].step.text.split("\n")]

    def _node(self, node: Node) -> Block:
        lines = _NODE(node, self)
        return [f"/* {comment(node.name)} */", *lines] if lines else []

    def _init(self) -> Block:
        body: Block = []
        for _, row in self.fields:
            for _, name, length, _ in row:
                body += loop("i", length, [f"network->{name}[i] = 0;"]) if length else []
                body += [] if length else [f"network->{name} = 0;"]
        return function("void nd_init(nd_network *network)", ("i",), body)

    def _step(self) -> Block:
        body: Block = []
        neurons = {layer.node.name for layer in self.layers}
        for name, number in self.memory.numbers.items():
            if name in self.memory.values:
                kind = "layer" if name in neurons else "node"
                body.append(f"{kind}{number}(network, input);")
        last = self._output
        pointer = last.pointer().replace("n->", "network->")
        body += loop("i", last.size, [f"output[i] = {last.read(f'({pointer})', 'i')};"])
        for value in self.memory.values.values():
            if value.slots > 1:
                now = f"network->{value.now}"
                body.append(f"{now} = {now} == {value.slots - 1} ? 0 : {now} + 1;")
        head = "void nd_step(nd_network *network, const int32_t *input, int32_t *output)"
        return function(head, ("i",), body)

    def _struct(self) -> Block:
        lines: Block = []
        for node, row in self.fields:
            if row:
                lines.append(f"/* {comment(node.name)} */")
            for kind, name, length, _ in row:
                lines.append(f"{kind} {name}[{length}];" if length else f"{kind} {name};")
        if self.sums:
            members = [f"int{bits}_t s{bits}[{n}];" for bits, n in sorted(self.sums.items())]
            lines += ["/* What events add up to within a step. */", "union {", *indented(members)]
            lines.append("} sums;")
        return lines

    def _signal(self) -> str:
        first = self.program.input
        words = {"spikes": "spikes, 0 or 1", "current": "whole numbers"}[first.signal.value]
        return f"{first.name}: {_shape(first.shape)} {words}, in C order"

    def _sent(self) -> str:
        shape = _shape(self.program.shapes[self.program.output])
        return f"{self.program.output}: {shape} values that the last neurons send, in C order"

    @property
    def _output(self) -> Value:
        return self.memory.values[self.program.output]


# The functions of a node in network.c.
_NODE = KindTable[[Network], Block]("network.c")


@_NODE.register(Input, Selection, Arithmetic)
def _stateless(node: Node, network: Network) -> Block:
    return node_lines(node, network.memory)


@_NODE.register(Neuron)
def _neurons(node: Neuron, network: Network) -> Block:
    return next(each for each in network.layers if each.node is node).lines()


@_NODE.register(Synapse)
def _synapse(node: Synapse, network: Network) -> Block:
    weights = next(each for each in network.weights if each.node is node)
    if not weights.scatters:
        return [*weights.gather(), *node_lines(node, network.memory)]
    readers = (layer for layer in network.layers if node.name in layer.sources)
    return weights.scatter(f"int{next(readers).sum_bits}_t")


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


_OPENING = [
    "/* A spiking network in plain C99, written by neurodeploy. Nothing is allocated, and",
    " * nothing but stdint.h is needed. The caller owns the state: as many nd_network as",
    " * there are copies of the network.",
    " *",
    " *     static nd_network network;",
    " *     nd_init(&network);",
    " *     nd_step(&network, input, output);",
    " */",
    "#ifndef ND_NETWORK_H",
    "#define ND_NETWORK_H",
    "",
    "#include <stdint.h>",
    "",
]
_FUNCTIONS = [
    "",
    "#ifdef __cplusplus",
    'extern "C" {',
    "#endif",
    "",
    "/* Begin a sample: every state is 0. */",
    "void nd_init(nd_network *network);",
    "",
    "/* Take one step: ND_INPUTS values in, ND_OUTPUTS values out. */",
    "void nd_step(nd_network *network, const int32_t *input, int32_t *output);",
    "",
    "#ifdef __cplusplus",
    "}",
    "#endif",
    "",
    "#endif",
    "",
]
_HELPERS = [
    "#define ND_BIT(words, i) ((int32_t)((words)[(i) / 32] >> ((i) % 32) & 1u))",
    "#define ND_PUT(words, i, bit) \\",
    "    ((words)[(i) / 32] |= (uint32_t)(bit) << ((i) % 32))",
    "",
    "/* The position of the lowest bit that is set. */",
    "#if defined(__GNUC__)",
    "#define nd_lowest(word) ((int32_t)__builtin_ctzl(word))",
    "#else",
    "static int32_t nd_lowest(uint32_t word)",
    "{",
    "    int32_t i = 0;",
    "    while (!(word & 1u)) {",
    "        word >>= 1;",
    "        i++;",
    "    }",
    "    return i;",
    "}",
    "#endif",
]
