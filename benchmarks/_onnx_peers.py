"""Hand-written graphs for 784-512-10 with shift decay, in two structures."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SHIFT = 3


def layer_wise(weights: list[np.ndarray], thresholds: list[int]) -> bytes:
    """Return weights over all steps at once, then a scan over the neurons alone."""
    nodes, tensors, source = [], constants(), "x"
    for number, (weight, threshold) in enumerate(zip(weights, thresholds, strict=True)):
        tensors += layer_tensors(number, weight, threshold)
        nodes.append(helper.make_node("MatMulInteger", [source, f"w{number}"], [f"i{number}"]))
        nodes += zeros(number)
        body = helper.make_graph(
            neuron(number, f"in{number}"),
            f"body{number}",
            [info(f"v{number}", TensorProto.INT32), info(f"in{number}", TensorProto.INT32)],
            [info(f"after{number}", TensorProto.INT32), info(f"s{number}", TensorProto.UINT8)],
        )
        outputs = [f"last{number}", f"spikes{number}"]
        inputs = [f"zero{number}", f"i{number}"]
        nodes.append(helper.make_node("Scan", inputs, outputs, body=body, num_scan_inputs=1))
        source = f"spikes{number}"
    return model(nodes, tensors, source)


def whole_network(weights: list[np.ndarray], thresholds: list[int]) -> bytes:
    """Return everything in one scan."""
    tensors, body_nodes, nodes, source = constants(), [], [], "row"
    for number, (weight, threshold) in enumerate(zip(weights, thresholds, strict=True)):
        tensors += layer_tensors(number, weight, threshold)
        nodes += zeros(number)
        body_nodes.append(helper.make_node("MatMulInteger", [source, f"w{number}"], [f"i{number}"]))
        body_nodes += neuron(number, f"i{number}")
        source = f"s{number}"
    count = len(weights)
    states = [info(f"v{n}", TensorProto.INT32) for n in range(count)]
    after = [info(f"after{n}", TensorProto.INT32) for n in range(count)]
    row = info("row", TensorProto.UINT8)
    body = helper.make_graph(
        body_nodes, "body", [*states, row], [*after, info(source, TensorProto.UINT8)]
    )
    inputs = [*(f"zero{n}" for n in range(count)), "x"]
    outputs = [*(f"last{n}" for n in range(count)), "spikes"]
    nodes.append(helper.make_node("Scan", inputs, outputs, body=body, num_scan_inputs=1))
    return model(nodes, tensors, "spikes")


def neuron(number: int, drive: str) -> list[onnx.NodeProto]:
    """Return v <- v - (v >> 3) + drive, with a spike and a subtraction at the threshold."""
    n = number
    return [
        helper.make_node("BitwiseAnd", [f"v{n}", "mask"], [f"low{n}"]),
        helper.make_node("Sub", [f"v{n}", f"low{n}"], [f"high{n}"]),
        helper.make_node("Div", [f"high{n}", "power"], [f"leak{n}"]),
        helper.make_node("Sub", [f"v{n}", f"leak{n}"], [f"kept{n}"]),
        helper.make_node("Add", [f"kept{n}", drive], [f"h{n}"]),
        helper.make_node("GreaterOrEqual", [f"h{n}", f"th{n}"], [f"fired{n}"]),
        helper.make_node("Sub", [f"h{n}", f"th{n}"], [f"less{n}"]),
        helper.make_node("Where", [f"fired{n}", f"less{n}", f"h{n}"], [f"after{n}"]),
        helper.make_node("Cast", [f"fired{n}"], [f"s{n}"], to=TensorProto.UINT8),
    ]


def zeros(number: int) -> list[onnx.NodeProto]:
    """Return the state before the first step."""
    none = numpy_helper.from_array(np.zeros(1, np.int32))
    return [
        helper.make_node("Shape", ["x"], [f"batch{number}"], start=1, end=2),
        helper.make_node("Concat", [f"batch{number}", f"width{number}"], [f"form{number}"], axis=0),
        helper.make_node("ConstantOfShape", [f"form{number}"], [f"zero{number}"], value=none),
    ]


def constants() -> list[onnx.TensorProto]:
    """Return the constants of a shift down."""
    values = {"mask": (1 << SHIFT) - 1, "power": 1 << SHIFT}
    return [numpy_helper.from_array(np.array(v, np.int32), name) for name, v in values.items()]


def layer_tensors(number: int, weight: np.ndarray, threshold: int) -> list[onnx.TensorProto]:
    """Return weights, the threshold and the width."""
    return [
        numpy_helper.from_array(np.ascontiguousarray(weight.T.astype(np.int8)), f"w{number}"),
        numpy_helper.from_array(np.array(threshold, np.int32), f"th{number}"),
        numpy_helper.from_array(np.array([len(weight)], np.int64), f"width{number}"),
    ]


def info(name: str, kind: int, shape: list[str | int] | None = None) -> onnx.ValueInfoProto:
    """Return the description of a graph's value."""
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes: list[onnx.NodeProto], tensors: list[onnx.TensorProto], output: str) -> bytes:
    """Return the whole file."""
    graph = helper.make_graph(
        nodes,
        "peer",
        [info("x", TensorProto.UINT8, ["T", "N", 784])],
        [info(output, TensorProto.UINT8)],
        tensors,
    )
    opset = helper.make_opsetid("", 21)
    return helper.make_model(graph, opset_imports=[opset], ir_version=10).SerializeToString()
