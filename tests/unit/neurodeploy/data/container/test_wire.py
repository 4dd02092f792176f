"""Protocol Buffers' wire format, held against the library that defines it."""

import numpy as np
import onnx
import pytest

from neurodeploy.data.container.wire import field, inserted
from neurodeploy.data.content import joined, of_array, of_bytes


def model(values: np.ndarray) -> onnx.ModelProto:
    """A model whose graph has a field of every kind, before and behind its tensors."""
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Elu", ["x"], ["y"], alpha=0.5)],
        "graph",
        [onnx.helper.make_tensor_value_info("x", 1, ["N", 3])],
        [onnx.helper.make_tensor_value_info("y", 1, ["N", 3])],
        doc_string="words",
    )
    result = onnx.helper.make_model(graph, producer_name="p" * 200)
    tensor = result.graph.initializer.add()
    tensor.name, tensor.data_type = "w", onnx.TensorProto.INT16
    tensor.dims.extend(values.shape)
    tensor.raw_data = values.tobytes()
    return result


@pytest.mark.parametrize("size", [0, 1, 60, 64, 100_000])
def test_a_tensor_is_put_where_the_library_puts_it(size: int) -> None:
    values = np.arange(size).astype(np.int16).reshape(size, 1)
    whole = model(values)
    expected = whole.SerializeToString(deterministic=True)
    tensor = whole.graph.initializer[0]
    tensor.ClearField("raw_data")
    head = of_bytes(tensor.SerializeToString())
    del whole.graph.initializer[:]
    message = joined([head, field(9, of_array(values, np.int16))])
    rest = whole.SerializeToString(deterministic=True)
    content = inserted(rest, [7], {5: field(5, message)})
    assert bytes(content) == expected
    assert content.size == len(expected)


def test_numbers_of_fixed_width_are_passed_over() -> None:
    message = onnx.AttributeProto(name="a", f=1.5, i=300, type=onnx.AttributeProto.FLOAT)
    before = message.SerializeToString(deterministic=True)
    content = inserted(before, [], {4: field(4, of_bytes(b"s"))})
    message.s = b"s"
    assert bytes(content) == message.SerializeToString(deterministic=True)
