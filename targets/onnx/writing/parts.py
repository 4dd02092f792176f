"""A program as parts: for every node, what it reads, stores and computes in one step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Edge, Shape
from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import (
    Arithmetic,
    Conv2d,
    Dense,
    Flatten,
    Input,
    MaxPool2d,
    Neuron,
    Node,
    Program,
    Selection,
)
from neurodeploy.program.nesting import require_shallow
from neurodeploy.program.ranges import Ranges, ranges
from snncore.dynamics import Op
from snncore.dynamics.arithmetic.interval import ZERO, Interval
from targets.onnx.writing.dialect import operation
from targets.onnx.writing.moving import ArithmeticWords, MovingWords, function_name
from targets.onnx.writing.neurons import Leaves, NeuronStep
from targets.onnx.writing.pools import largest
from targets.onnx.writing.synapses import WeightedSum
from targets.onnx.writing.types import Type, Value, arithmetic_type, stored_type
from targets.onnx.writing.writer import Writer


@dataclass(frozen=True)
class Tensor:
    """Numbers in the file under a layer's name."""

    label: str
    values: NDArray[Any]
    type: Type
    interval: Interval = ZERO


@dataclass(frozen=True)
class ProgramPart:
    """One layer: `body` takes sources, states and tensors, and returns next states and value."""

    name: str
    kind: str
    shape: Shape
    type: Type
    interval: Interval
    sources: tuple[Edge, ...] = ()
    states: Mapping[str, Type] = field(default_factory=dict)
    tensors: tuple[Tensor, ...] = ()
    body: Callable[[Writer, Sequence[Value]], Sequence[Value]] | None = None
    doc: str = ""
    notes: dict[str, str] = field(default_factory=dict)
    # Whether a viewer of the network wants to see its value: neurons have spikes.
    watched: bool = False
    # The power of two that all weights have in common, and the file does not hold.
    power: int | None = None
    # Whether it takes any axes before its own, and not only one.
    leading: bool = False
    # What the states can be, as far as integers go.
    reach: Mapping[str, Interval] = field(default_factory=dict)


def parts_of(program: Program) -> tuple[ProgramPart, ...]:
    """Return the parts of a program, in its order.

    Raises:
        DoesNotFitError: if a layer has sums or states that no type of the graph holds.
    """
    proved = ranges(program)
    return tuple(_PART(node, program, proved) for node in program.nodes)


# The part of a node.
_PART = KindTable[[Program, Ranges], ProgramPart]("ONNX")


@contextmanager
def _fitting(node: Node) -> Iterator[None]:
    """Add the layer and a remedy to errors about sums or states that no type holds."""
    try:
        yield
    except ValueError as error:
        remedy = "use smaller weights or fewer bits"
        raise DoesNotFitError(f"{node.name}: {error}", remedy=remedy) from error


@_PART.register(Input)
def _input(node: Input, program: Program, proved: Ranges) -> ProgramPart:
    interval = proved.values[node.name]
    return ProgramPart(node.name, "Input", node.shape, stored_type(interval), interval)


def _reach(edge: Edge, proved: Ranges) -> Interval:
    """Return the range of an edge's values; a delayed value starts at 0."""
    value = proved.values[edge.source]
    return value.hull(ZERO) if edge.delay else value


@_PART.register(Dense, Conv2d)
def _synapse(node: Dense | Conv2d, program: Program, proved: Ranges) -> ProgramPart:
    with _fitting(node):
        return _weighted(node, program.shapes[node.name], proved)


def _weighted(node: Dense | Conv2d, shape: Shape, proved: Ranges) -> ProgramPart:
    source = _reach(node.source, proved)
    total = WeightedSum(node, source.hull(ZERO) if len(node.sources) > 1 else source)
    total.check()
    tensors = [
        Tensor(f"{_weight_of(edge, node)}{f'.{position}' if position else ''}", digit, Type.INT8)
        for edge, digits in zip(node.sources, total.digits, strict=True)
        for position, digit in enumerate(digits)
    ]
    count = len(node.sources)

    def body(writer: Writer, inputs: Sequence[Value]) -> Sequence[Value]:
        return [total.write(writer, inputs[:count], inputs[count:])]

    scale = f"{2.0**node.exponent:g}"
    notes = {"neurodeploy.exponent": str(node.exponent), "neurodeploy.scale": scale}
    return ProgramPart(
        node.name,
        node.kind_name(),
        shape,
        arithmetic_type(total.value),
        total.value,
        node.sources,
        tensors=tuple(tensors),
        body=body,
        doc=f"sums of {node.accumulator_bits} bits; weights are 2^{total.power} times the tensor",
        notes=notes,
        power=total.power,
        leading=isinstance(node, Dense),
    )


def _weight_of(edge: Edge, node: Dense | Conv2d) -> str:
    """Return the name of the weights that read an edge."""
    late = edge.delay - node.source.delay
    return f"weight@{late}" if len(node.sources) > 1 or late else "weight"


@_PART.register(MaxPool2d)
def _pool(node: MaxPool2d, program: Program, proved: Ranges) -> ProgramPart:
    shape, source = program.shapes[node.name], _reach(node.source, proved)

    def body(writer: Writer, inputs: Sequence[Value]) -> Sequence[Value]:
        return [writer.cast(largest(writer, inputs[0], node, shape), kind)]

    kind = stored_type(source)
    return ProgramPart(node.name, "MaxPool2d", shape, kind, source, (node.source,), body=body)


@_PART.register(Flatten)
def _flatten(node: Flatten, program: Program, proved: Ranges) -> ProgramPart:
    shape, interval = program.shapes[node.name], _reach(node.source, proved)

    def body(writer: Writer, inputs: Sequence[Value]) -> Sequence[Value]:
        (x,) = inputs
        form = writer.constant([-1, *shape], Type.INT64)
        flat = writer.node("Reshape", [x, form], x.type, x.interval)
        return [writer.cast(flat, kind)]

    kind = stored_type(interval)
    return ProgramPart(node.name, "Flatten", shape, kind, interval, (node.source,), body=body)


@_PART.register(Selection)
def _selection(node: Selection, program: Program, proved: Ranges) -> ProgramPart:
    shape, interval = program.shapes[node.name], proved.values[node.name]
    kind = stored_type(interval)

    def body(writer: Writer, inputs: Sequence[Value]) -> Sequence[Value]:
        values = [writer.cast(x, kind) for x in inputs]
        return [node.spelled(MovingWords(writer), values, shape)]

    return ProgramPart(
        node.name, function_name(node.kind_name()), shape, kind, interval, node.sources, body=body
    )


@_PART.register(Arithmetic)
def _arithmetic(node: Arithmetic, program: Program, proved: Ranges) -> ProgramPart:
    shape, interval = program.shapes[node.name], proved.values[node.name]
    kind = stored_type(interval)

    def body(writer: Writer, inputs: Sequence[Value]) -> Sequence[Value]:
        return [writer.cast(node.spelled(ArithmeticWords(writer), inputs, shape), kind)]

    return ProgramPart(
        node.name, function_name(node.kind_name()), shape, kind, interval, node.sources, body=body
    )


@_PART.register(Neuron)
def _neurons(node: Neuron, program: Program, proved: Ranges) -> ProgramPart:
    require_shallow(node)
    with _fitting(node):
        return _neuron(node, program.shapes[node.name], proved)


def _neuron(node: Neuron, shape: Shape, proved: Ranges) -> ProgramPart:
    step = NeuronStep(node, proved.layers[node.name])
    if not step.output.within(proved.values[node.name]):
        raise DoesNotFitError(f"{node.name}: its output may be {step.output.largest()}")
    tensors = tuple(_parameter(key, node.parameters[key]) for key in step.parameters)

    def body(writer: Writer, inputs: Sequence[Value]) -> Sequence[Value]:
        sources = inputs[: len(node.inputs)]
        drive = _sum(writer, sources, step.proved.drive)
        names = [(Op.STATE, key) for key in step.states]
        names += [(Op.PARAMETER, key) for key in step.parameters]
        leaves: dict[tuple[Op, str], Value] = dict(zip(names, inputs[len(sources) :], strict=True))
        return step.write(writer, _values_of(leaves, node, drive), drive)

    single = [f"{key}={int(v)}" for key, v in node.parameters.items() if v.ndim == 0]
    notes = {
        "neurodeploy.exponent": str(node.exponent),
        "neurodeploy.neuron": node.equations.name,
        "neurodeploy.parameters": ", ".join(single),
    }
    return ProgramPart(
        node.name,
        re.sub(r"\W", "_", node.equations.name),
        shape,
        stored_type(step.output),
        step.output,
        node.inputs,
        states=step.states,
        tensors=tensors,
        body=body,
        doc=node.integer_equations.text(),
        notes=notes,
        watched=True,
        reach=step.proved.states,
    )


def _values_of(leaves: dict[tuple[Op, str], Value], node: Neuron, drive: Value) -> Leaves:
    return leaves | {(Op.INPUT, node.equations.inputs[0]): drive}


def _parameter(key: str, values: NDArray[np.int64]) -> Tensor:
    interval = Interval(int(values.min()), int(values.max()))
    return Tensor(key, values, arithmetic_type(interval), interval)


def _sum(writer: Writer, values: Sequence[Value], interval: Interval) -> Value:
    """Return the sum that drives a layer of neurons, in a type for arithmetic."""
    reach = interval
    for value in values:
        reach = reach.hull(value.interval)
    total = writer.cast(values[0], arithmetic_type(values[0].interval))
    bound = values[0].interval
    for value in values[1:]:
        bound = bound + value.interval
        total = operation(writer, Op.ADD, [total, value], None, bound)
    return Value(total.name, total.type, interval)
