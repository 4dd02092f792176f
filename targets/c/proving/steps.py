"""The steps of a folder's layers, by the text of their functions in network.c."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from neurodeploy.program import Neuron
from neurodeploy.target.steps import ArtifactSteps, ComputedStep, LayerStep, Leaves, SumBound
from snncore.dynamics.arithmetic.interval import ZERO, Interval
from snncore.dynamics.bits.circuit import Circuit, Wire
from snncore.dynamics.printing.c99 import c_name
from targets.c.check import network_of
from targets.c.compile import SOURCE
from targets.c.description import arrays_in, rebuilt
from targets.c.proving.expression import Reader, Value
from targets.c.proving.late import late_reads
from targets.c.text.neurons import Layer

_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_FUNCTION = re.compile(r"^static int(32|64)_t (neuron\d+)\(([^()]*)\)\n\{\n(.*?)^\}", re.M | re.S)
_LAYER = re.compile(r"^static void layer(\d+)\([^()]*\)\n\{\n(.*?)^\}", re.M | re.S)
_ARGUMENT = re.compile(r"int(8|16|32|64)_t (\*?)(\w+)")
_LINE = re.compile(
    r"const int(?P<bits>32|64)_t (?P<name>\w+) = (?P<value>.+);"
    r"|\*(?P<state>\w+) = (?P<stored>.+);|return (?P<output>.+);|\(void\)\w+;"
)
_ADDER = re.compile(r"^static void scatter(\d+)\(int(\d+)_t \*sums", re.M)


def steps_in(artifact: Artifact) -> ArtifactSteps:
    """Return the steps that the functions in network.c compute.

    Raises:
        ArtifactError: if the text is not ours, is damaged, or has what proofs do not read.
    """
    text = bytes(artifact.files.get(SOURCE, b"")).decode("ascii", "replace")
    program, by_event, _ = rebuilt(text)
    # The names of layers stand in comments, and may look like anything.
    code = _COMMENT.sub("", text)
    network = network_of(program, by_event)
    reader = _Text(code, network.layers)
    layers = {layer.node.name: reader.step(layer) for layer in reader.layers}
    late = late_reads(code, network.memory)
    return ArtifactSteps(program, layers, reader.sums(), late=late)


@dataclass(frozen=True)
class _Function:
    """The text of one function: arguments with their types, and its lines."""

    returned: int
    # The width and the name of every argument; those of states are pointers.
    arguments: Sequence[tuple[int, str]]
    lines: Sequence[str]


class _Text:
    """The functions and the arrays of a text."""

    def __init__(self, text: str, layers: Sequence[Layer]) -> None:
        self.text, self.layers = text, layers
        self.functions = {
            name: _Function(int(bits), _arguments(arguments), body.splitlines())
            for bits, name, arguments, body in _FUNCTION.findall(text)
        }
        self.calls = {int(number): body for number, body in _LAYER.findall(text)}
        self.arrays = arrays_in(text)

    def step(self, layer: Layer) -> LayerStep:
        """Return the step of a layer.

        Raises:
            ArtifactError: if its function is not as the format has it.
        """
        node = layer.node
        name, actual = _call(self.calls.get(layer.number, ""), node.name)
        function = self.functions.get(name)
        if function is None or len(function.arguments) != len(actual):
            raise ArtifactError(f"{SOURCE}: {node.name} calls {name}, which does not fit")
        equations = node.integer_equations
        states = {s: c_name("next", s, n) for n, s in enumerate(equations.states)}
        inputs = {x: c_name("input", x, n) for n, x in enumerate(equations.inputs)}
        formal = [argument for _, argument in function.arguments]
        tables = {
            key: self._table(node, key, actual[formal.index(label)])
            for n, key in enumerate(equations.parameters)
            if (label := c_name("parameter", key, n)) in formal
        }

        def compute(circuit: Circuit, leaves: Leaves) -> ComputedStep:
            passed: dict[str, Wire] = {}
            for port, label in inputs.items():
                passed[label] = circuit.constant(0)
                for edge in node.drives[port]:
                    passed[label] = circuit.add(passed[label], leaves.sources[edge])
            for n, key in enumerate(equations.parameters):
                if key in leaves.parameters:
                    passed[c_name("parameter", key, n)] = leaves.parameters[key]
            passed |= {label: leaves.states[state] for state, label in states.items()}
            stored, output, conditions = _run(circuit, function, passed)
            # The layer's goal names a state that is not stored.
            following = {s: stored[label] for s, label in states.items() if label in stored}
            return ComputedStep(following, output, conditions)

        return LayerStep(f"the function {name} of {SOURCE}", tables, compute)

    def _table(self, node: Neuron, key: str, argument: str) -> NDArray[np.int64]:
        """Return the numbers of the array that an argument reads, as they broadcast."""
        array = argument.partition("[")[0]
        shape = node.parameters[key].shape
        if array not in self.arrays or self.arrays[array].size != max(int(np.prod(shape)), 1):
            raise ArtifactError(f"{SOURCE}: {array!r:.40} is not an array of {node.name}.{key}")
        return self.arrays[array].reshape(shape)

    def sums(self) -> dict[str, SumBound]:
        """Return the bounds of what events add up, by the widths in the text."""
        widths = {int(number): int(bits) for number, bits in _ADDER.findall(self.text)}
        bounds = {}
        for layer in self.layers:
            for edges in layer.node.drives.values():
                adders = layer.scattered(edges)
                total = reduce(Interval.__add__, (w.total for w in adders), ZERO).largest()
                for each in adders:
                    bits = widths.get(each.number, 0)
                    limit = (1 << (bits - 1)) - 1 if bits else 0
                    bounds[each.node.name] = SumBound(total, limit, f"int{bits}")
        return bounds


def _run(
    circuit: Circuit, function: _Function, passed: Mapping[str, Wire]
) -> tuple[dict[str, Wire], Wire, tuple[tuple[str, Wire], ...]]:
    """Return what a function stores and returns, and when that is what C computes."""
    names: dict[str, Value] = {}
    reader = Reader(circuit, names)
    widths = {label: bits for bits, label in function.arguments}
    for label, bits in widths.items():
        if label not in passed:
            raise ArtifactError(f"{SOURCE}: {label} is not an argument of a neuron")
        # Arrays and sums have types of their own, which the argument must hold.
        names[label] = reader.converted(Value(passed[label], 2 * bits), bits)
    stored: dict[str, Wire] = {}
    output: Wire | None = None
    for line in function.lines:
        match = _LINE.fullmatch(line.strip())
        if match is None or output is not None:
            raise ArtifactError(f"{SOURCE}: {line.strip()!r:.80} is not a line that proofs read")
        if match["name"]:
            value = names.get(match["value"].removeprefix("*")) or reader.value(match["value"])
            names[match["name"]] = reader.converted(value, int(match["bits"]))
        elif match["state"]:
            if match["state"] not in widths:
                raise ArtifactError(f"{SOURCE}: {match['state']} is not a state")
            value = reader.value(match["stored"])
            stored[match["state"]] = reader.converted(value, widths[match["state"]]).wire
        elif match["output"]:
            output = reader.converted(reader.value(match["output"]), function.returned).wire
    if output is None:
        raise ArtifactError(f"{SOURCE}: a function returns nothing")
    return stored, output, tuple(reader.conditions)


def _arguments(text: str) -> list[tuple[int, str]]:
    matches = [_ARGUMENT.fullmatch(each.strip()) for each in text.split(",")]
    if not all(matches):
        raise ArtifactError(f"{SOURCE}: ({text!s:.80}) are not the arguments of a neuron")
    return [(int(match[1]), match[3]) for match in matches if match is not None]


def _call(body: str, layer: str) -> tuple[str, list[str]]:
    """Return the function that a layer calls for each neuron, and the arguments.

    Raises:
        ArtifactError: if it calls none, or several.
    """
    calls = list(re.finditer(r"\b(neuron\d+)\(", body))
    if len(calls) != 1:
        raise ArtifactError(f"{SOURCE}: {layer} calls {len(calls)} functions of neurons")
    arguments, depth, start = [], 0, calls[0].end()
    for position in range(start, len(body)):
        letter = body[position]
        if letter in ",)" and not depth:
            arguments.append(body[start:position].strip())
            start = position + 1
            if letter == ")":
                return calls[0][1], arguments
        depth += (letter in "([") - (letter in ")]")
    raise ArtifactError(f"{SOURCE}: the call of {calls[0][1]} is cut off")
