"""A float graph as parts in single precision: equal within a tolerance, not exact."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Pair, Shape
from neurodeploy.errors import DoesNotFitError
from neurodeploy.graph import (
    Add,
    Attention,
    BatchNorm,
    Conv2d,
    Delay,
    Dense,
    Graph,
    GroupNorm,
    Input,
    MaxPool2d,
    Multiply,
    Neuron,
    Node,
    Product,
    Selection,
    SumPool2d,
)
from snncore.dynamics import Equations, Op
from targets.onnx.writing.dialect import REACHED, STRICT, TABLE, Spelling, spelled
from targets.onnx.writing.moving import FloatWords, MovingWords, function_name
from targets.onnx.writing.parts import ProgramPart, Tensor
from targets.onnx.writing.types import ANY_FLOAT, Type, Value
from targets.onnx.writing.writer import Writer

FLOAT = Type.FLOAT
# What a number system brings needs constants of its own, and has no form between floats.
_REGISTERS = {
    *(Op.SHIFT_LEFT, Op.SHIFT_FLOOR, Op.SHIFT_TO_ZERO, Op.SCALE_TO_ZERO),
    *(Op.WRAP, Op.WRAP_ONCE, Op.CLIP),
}
FLOAT_TABLE: Mapping[Op, Spelling] = {
    **{op: term for op, term in TABLE.items() if op not in _REGISTERS},
    Op.DIVIDE: ("Div", 0, 1),
    Op.EXP: ("Exp", 0),
    Op.LOG: ("Log", 0),
}
Body = Callable[[Writer, Sequence[Value]], Sequence[Value]]


def float_parts(graph: Graph) -> tuple[ProgramPart, ...]:
    """Return the parts of a graph, in its order.

    Raises:
        DoesNotFitError: if a layer has no form in the file.
    """
    return tuple(_PART(node, graph.shapes[node.name]) for node in graph.nodes)


_Layer = tuple[Body, dict[str, NDArray[Any]], bool]
# The part of a node whose value has a shape.
_PART = KindTable[[Shape], ProgramPart]("ONNX in floats")
# A layer without states: its body, its numbers, and whether any axes may come first.
_LAYER = KindTable[[Shape], _Layer]("ONNX's layers of floats")


@_PART.register(Input)
def _input(node: Input, shape: Shape) -> ProgramPart:
    return ProgramPart(node.name, "Input", shape, FLOAT, ANY_FLOAT)


@_PART.register(Dense, Conv2d, SumPool2d, BatchNorm, GroupNorm, Selection, Add, Product)
def _stateless(node: Node, shape: Shape) -> ProgramPart:
    body, tensors, leading = _LAYER(node, shape)
    return ProgramPart(
        node.name,
        function_name(node.kind_name()),
        shape,
        FLOAT,
        ANY_FLOAT,
        node.sources,
        tensors=tuple(Tensor(label, values, FLOAT) for label, values in tensors.items()),
        body=body,
        leading=leading,
    )


@_PART.register(Delay)
def _delay(node: Delay, shape: Shape) -> ProgramPart:
    raise DoesNotFitError(f"{node.name}: Delay has no form in ONNX", remedy="leave it out")


@_LAYER.register(Dense)
def _linear_layer(node: Dense, shape: Shape) -> _Layer:
    return _linear, {"weight": np.asarray(node.narrow_weight).T} | _bias(node.bias, ()), True


@_LAYER.register(Conv2d)
def _conv_layer(node: Conv2d, shape: Shape) -> _Layer:
    form = _form(node.narrow_weight.shape[2:], node.stride, node.padding, node.dilation)
    form["group"] = node.groups
    weight = {"weight": np.asarray(node.narrow_weight)}
    return _conv(form), weight | _bias(node.bias, (1, 1)), False


@_LAYER.register(SumPool2d)
def _sum_pool(node: SumPool2d, shape: Shape) -> _Layer:
    form = _form(node.kernel, node.stride) | {"group": shape[0]}
    return _conv(form), {"weight": np.full((shape[0], 1, *node.kernel), node.weight)}, False


@_LAYER.register(MaxPool2d)
def _max_pool(node: MaxPool2d, shape: Shape) -> _Layer:
    form = _form(node.kernel, node.stride, node.padding)
    del form["dilations"]
    return lambda w, inputs: [w.node("MaxPool", inputs, FLOAT, **form)], {}, False


@_LAYER.register(BatchNorm)
def _batch_norm(node: BatchNorm, shape: Shape) -> _Layer:
    lengths = (-1, *[1] * (len(shape) - 1))
    numbers = {"scale": node.scale.reshape(lengths), "offset": node.offset.reshape(lengths)}
    return _scaled, numbers, True


@_LAYER.register(GroupNorm)
def _group_norm(node: GroupNorm, shape: Shape) -> _Layer:
    lengths = (-1, *[1] * (len(shape) - 1))
    numbers = {"scale": node.scale.reshape(lengths), "offset": node.offset.reshape(lengths)}

    def body(writer: Writer, inputs: Sequence[Value]) -> Sequence[Value]:
        (x, *affine), words = inputs, MovingWords(writer)
        # Each group is normed as a channel of its own.
        groups = words.reshape(x, (node.groups, prod(shape) // node.groups))
        plain = [writer.constant([value] * node.groups, FLOAT) for value in (1.0, 0.0)]
        normed = writer.node("InstanceNormalization", [groups, *plain], FLOAT, epsilon=node.epsilon)
        return _scaled(writer, [words.reshape(normed, shape), *affine])

    return body, numbers, False


@_LAYER.register(Selection)
def _selection(node: Selection, shape: Shape) -> _Layer:
    return lambda w, inputs: [node.spelled(MovingWords(w), inputs, shape)], {}, False


@_LAYER.register(Multiply)
def _multiply(node: Multiply, shape: Shape) -> _Layer:
    return lambda w, inputs: [node.spelled(FloatWords(w), inputs, shape)], {}, True


@_LAYER.register(Attention)
def _attention(node: Attention, shape: Shape) -> _Layer:
    def body(writer: Writer, inputs: Sequence[Value]) -> Sequence[Value]:
        sums, scale = node.spelled(FloatWords(writer), inputs, shape), node.scale
        return [writer.node("Mul", [sums, writer.constant(scale, FLOAT)], FLOAT)]

    return body, {}, False


@_LAYER.register(Add)
def _add(node: Add, shape: Shape) -> _Layer:
    return _added, {}, True


def _linear(writer: Writer, inputs: Sequence[Value]) -> Sequence[Value]:
    x, weight, *bias = inputs
    product = writer.node("MatMul", [x, weight], FLOAT)
    return [writer.node("Add", [product, *bias], FLOAT) if bias else product]


def _conv(form: Mapping[str, Any]) -> Body:
    def body(writer: Writer, inputs: Sequence[Value]) -> Sequence[Value]:
        x, weight, *bias = inputs
        sums = writer.node("Conv", [x, weight], FLOAT, **form)
        return [writer.node("Add", [sums, *bias], FLOAT) if bias else sums]

    return body


def _scaled(writer: Writer, inputs: Sequence[Value]) -> Sequence[Value]:
    x, scale, offset = inputs
    return [writer.node("Add", [writer.node("Mul", [x, scale], FLOAT), offset], FLOAT)]


def _added(writer: Writer, inputs: Sequence[Value]) -> Sequence[Value]:
    total = inputs[0]
    for each in inputs[1:]:
        total = writer.node("Add", [total, each], FLOAT)
    return [total]


def _bias(values: NDArray[Any] | None, behind: Shape) -> dict[str, NDArray[Any]]:
    return {} if values is None else {"bias": values.reshape(-1, *behind)}


def _form(
    kernel: Sequence[int], stride: Pair, padding: Pair = (0, 0), dilation: Pair = (1, 1)
) -> dict[str, Any]:
    return {
        "kernel_shape": list(kernel),
        "strides": list(stride),
        "pads": [*padding, *padding],
        "dilations": list(dilation),
    }


@_PART.register(Neuron)
def _neuron(node: Neuron, shape: Shape) -> ProgramPart:
    equations = node.equations
    for operation in equations.operations:
        if operation.op in _REGISTERS:
            raise DoesNotFitError(
                f"{node.name}: ONNX has no words for {operation.op.value} in floats",
                remedy="quantize the network (quant.prepare)",
            )
    tensors = tuple(Tensor(key, node.parameters[key], FLOAT) for key in equations.parameters)

    def body(writer: Writer, inputs: Sequence[Value]) -> Sequence[Value]:
        leaves = [(Op.INPUT, key) for key in equations.inputs]
        leaves += [(Op.STATE, key) for key in equations.states]
        leaves += [(Op.PARAMETER, key) for key in equations.parameters]
        values = dict(zip(leaves, inputs, strict=True))
        return _written(writer, equations, values, inputs[0])

    return ProgramPart(
        node.name,
        re.sub(r"\W", "_", equations.name),
        shape,
        FLOAT,
        ANY_FLOAT,
        node.sources,
        states=dict.fromkeys(equations.states, FLOAT),
        tensors=tensors,
        body=body,
        doc=equations.text(),
        watched=True,
    )


def _written(
    writer: Writer, equations: Equations, leaves: Mapping[tuple[Op, str], Value], like: Value
) -> list[Value]:
    """Return next states and output, one operation after another, each as large as the layer."""
    values: list[Value] = []
    for operation in equations.operations:
        op, attribute = operation.op, operation.attribute
        args = [values[arg] for arg in operation.args]
        if (op, str(attribute)) in leaves:
            values.append(leaves[op, str(attribute)])
        elif op == Op.CONSTANT:
            values.append(writer.constant(attribute, FLOAT))
        elif op == Op.DETACH:
            values.append(args[0])
        else:
            values.append(_operation(writer, op, args, bool(attribute)))
    shape = writer.node("Shape", [like], Type.INT64)
    return [
        writer.node("Expand", [writer.cast(values[number], FLOAT), shape], FLOAT)
        for number in (*equations.next_states, equations.output)
    ]


def _operation(writer: Writer, op: Op, args: list[Value], strict: bool) -> Value:
    zero = writer.constant(0.0, FLOAT)
    term = (STRICT if strict else REACHED) if op == Op.SPIKE else FLOAT_TABLE.get(op)
    if term is None:
        raise DoesNotFitError(f"ONNX has no words for {op.value} in floats")
    if op == Op.SELECT and args[0].type != Type.BOOL:
        args = [writer.node("Greater", [args[0], zero], Type.BOOL), *args[1:]]
    used = [
        each if op == Op.SELECT and position == 0 else writer.cast(each, FLOAT)
        for position, each in enumerate(args)
    ]
    return spelled(writer, term, dict(enumerate(used)) | {"zero": zero}, FLOAT)
