"""Max pools of every integer type, by the standard's evaluator, against the golden interpreter."""

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from neurodeploy.program import Edge, MaxPool2d
from neurodeploy.simulator.golden import largest as golden
from snncore.dynamics.arithmetic.interval import Interval
from targets.onnx.writing.pools import largest
from targets.onnx.writing.types import Type, Value
from targets.onnx.writing.writer import OPSET, Writer

# Windows, strides and paddings of which no two sides are alike.
POOLS = [
    ((2, 3), (1, 2), (0, 0)),
    ((3, 2), (2, 1), (1, 1)),
    ((1, 3), (3, 1), (0, 1)),
    ((2, 1), (2, 3), (1, 0)),
]
REACH = {Type.INT8: 100, Type.INT32: 1 << 20, Type.INT64: 1 << 40}


@pytest.mark.parametrize(("kernel", "stride", "padding"), POOLS)
@pytest.mark.parametrize("kind", REACH)
def test_the_largest_of_every_window(
    kind: Type, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]
) -> None:
    node = MaxPool2d("pool", Edge("x"), kernel, stride, padding)
    most = REACH[kind]
    x = np.random.default_rng(0).integers(-most, -1, (2, 3, 7, 5))
    expected = golden(x, node)
    shape = node.output_shape([x.shape[1:]])
    assert expected.shape[1:] == shape
    writer = Writer()
    value = Value("x", kind, Interval(-most, -1))
    result = largest(writer, value, node, shape)
    info = onnx.helper.make_tensor_value_info
    ends = [info("x", int(kind), list(x.shape))], [info(result.name, int(kind), None)]
    graph = onnx.helper.make_graph(writer.nodes, "one", *ends)
    opset = onnx.helper.make_opsetid("", OPSET)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=10)
    (output,) = ReferenceEvaluator(model).run(None, {"x": x.astype(kind.numpy)})
    assert np.array_equal(output, expected)
