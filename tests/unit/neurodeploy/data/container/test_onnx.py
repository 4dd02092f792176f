"""ONNX's container, compared with what its own package writes."""

import numpy as np
import onnx
import pytest

from neurodeploy.data.container.onnx import Element, node, tensor, with_tensors
from neurodeploy.data.content import of_bytes


def expected(name: str, kind: Element, values: np.ndarray) -> onnx.TensorProto:
    """The tensor as the package makes it."""
    result = onnx.TensorProto()
    result.name, result.data_type = name, int(kind)
    result.dims.extend(values.shape)
    result.raw_data = values.astype(kind.numpy).tobytes()
    return result


def model() -> onnx.ModelProto:
    """A model with fields of every kind around its tensors."""
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Elu", ["x"], ["y"], alpha=0.5)],
        "graph",
        [onnx.helper.make_tensor_value_info("x", 1, ["N", 3])],
        [onnx.helper.make_tensor_value_info("y", 1, ["N", 3])],
        doc_string="words",
    )
    return onnx.helper.make_model(graph, producer_name="p" * 200)


@pytest.mark.parametrize("kind", Element)
def test_an_element_is_the_packages(kind: Element) -> None:
    assert onnx.TensorProto.DataType.Name(int(kind)) == kind.name
    assert onnx.helper.tensor_dtype_to_np_dtype(int(kind)) == kind.numpy


@pytest.mark.parametrize("kind", Element)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (0, 300), (3, 1, 2), (700, 20)])
def test_a_tensor_is_the_packages(kind: Element, shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2
    for name in ("w", "é" * 90):
        content = tensor(name, kind, values)
        assert bytes(content) == expected(name, kind, values).SerializeToString(deterministic=True)
        assert content.size == len(bytes(content))


def test_a_model_with_tensors_is_the_packages() -> None:
    arrays = {"one": np.arange(6).reshape(2, 3), "two": np.ones((400, 7), int)}
    whole = model()
    for name, values in arrays.items():
        whole.graph.initializer.append(expected(name, Element.INT64, values))
    messages = [tensor(name, Element.INT64, values) for name, values in arrays.items()]
    before = model().SerializeToString(deterministic=True)
    assert bytes(with_tensors(before, messages)) == whole.SerializeToString(deterministic=True)
    assert bytes(with_tensors(before, [])) == before


def test_a_model_with_nodes_is_the_packages() -> None:
    whole, before = model(), model()
    for each in (whole, before):
        del each.graph.node[:]
    long = "é" * 90
    for inputs, outputs in (((), ("a",)), (("a", ""), ("b", long)), ((long,), ("c",))):
        whole.graph.node.append(onnx.helper.make_node("Cast", inputs, outputs, outputs[0], to=1))
    nodes = [
        node(
            each.op_type,
            each.input,
            each.output,
            [attribute.SerializeToString(deterministic=True) for attribute in each.attribute],
        )
        for each in whole.graph.node
        if each.name == each.output[0]
    ]
    assert len(nodes) == len(whole.graph.node) >= 3
    content = with_tensors(before.SerializeToString(deterministic=True), [], nodes)
    assert bytes(content) == whole.SerializeToString(deterministic=True)


def test_an_error_in_a_model_is_seen() -> None:
    with pytest.raises((ValueError, StopIteration)):
        with_tensors(b"\x3a\x7f", [of_bytes(b"")])
