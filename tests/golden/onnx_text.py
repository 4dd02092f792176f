"""ONNX models as lines of text, for a reviewer of the target."""

from collections.abc import Iterator
from typing import Any

import onnx
from onnx import numpy_helper

from neurodeploy.program import Program
from targets.onnx import target
from targets.onnx.compile import FILE


def onnx_text(program: Program, form: str) -> str:
    """Return the text of a program's model in one form."""
    return model_text(target.compile(program, form=form, steps=2).files[FILE])


def model_text(content: bytes) -> str:
    """Return the model's graph and functions, tensors by name, type and shape."""
    model = onnx.load_from_string(content)
    lines = [f"{each.name} {_type(each)}" for each in model.graph.input]
    for tensor in model.graph.initializer:
        shape = "x".join(map(str, tensor.dims))
        lines.append(f"{tensor.name} {_kind(tensor.data_type)}[{shape}]")
    lines += _nodes(model.graph.node)
    lines += [f"output {each.name} {_type(each)}" for each in model.graph.output]
    for function in model.functions:
        lines += [
            "",
            f"{function.name}({', '.join(function.input)}) -> {', '.join(function.output)}",
        ]
        lines += [f"  {line}" for line in _nodes(function.node)]
    return "\n".join(lines) + "\n"


def _nodes(nodes: Any) -> Iterator[str]:
    for node in nodes:
        if node.op_type == "Constant":
            value = numpy_helper.to_array(node.attribute[0].t)
            yield f"{node.output[0]} = {value.tolist()} {value.dtype}"
            continue
        attributes = [_attribute(each) for each in node.attribute]
        words = ", ".join([*node.input, *filter(None, attributes)])
        yield f"{', '.join(node.output)} = {node.op_type}({words})"
        for each in node.attribute:
            if each.type == onnx.AttributeProto.GRAPH:
                yield f"  | step of {', '.join(value.name for value in each.g.input)}"
                yield from (f"  | {line}" for line in _nodes(each.g.node))
                yield f"  | gives {', '.join(value.name for value in each.g.output)}"


def _attribute(attribute: Any) -> str:
    if attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.TENSOR):
        return ""
    value = onnx.helper.get_attribute_value(attribute)
    if attribute.name == "to":
        return f"to={_kind(value)}"
    return f"{attribute.name}={value.decode() if isinstance(value, bytes) else value}"


def _type(value: Any) -> str:
    tensor = value.type.tensor_type
    shape = "x".join(str(axis.dim_param or axis.dim_value) for axis in tensor.shape.dim)
    return f"{_kind(tensor.elem_type)}[{shape}]"


def _kind(number: int) -> str:
    return str(onnx.TensorProto.DataType.Name(number)).lower()
