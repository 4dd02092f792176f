"""Max pools: the runtime's own on bytes, and on wider integers, which it lacks, of slices."""

from __future__ import annotations

from neurodeploy.data.structure import Shape
from neurodeploy.program import MaxPool2d
from targets.onnx.writing.types import Type, Value
from targets.onnx.writing.writer import Writer

_IMAGE = [2, 3]


def largest(writer: Writer, x: Value, node: MaxPool2d, shape: Shape) -> Value:
    """Return the largest value of every window of rows of images; `shape` is the result's."""
    (top, left), kernel, stride = node.padding, node.kernel, node.stride
    if x.type in (Type.UINT8, Type.INT8):
        return writer.node(
            "MaxPool",
            [x],
            x.type,
            x.interval,
            kernel_shape=list(kernel),
            pads=[top, left, top, left],
            strides=list(stride),
        )
    if any(node.padding):
        pads = writer.constant([0, 0, top, left, 0, 0, top, left], Type.INT64)
        # As low as any value: a window has at least one that is not padded.
        lowest = writer.constant(x.interval.low, x.type)
        x = writer.node("Pad", [x, pads, lowest], x.type, x.interval, mode="constant")
    axes, steps = (writer.constant(each, Type.INT64) for each in (_IMAGE, list(stride)))
    reach = [(shape[axis + 1] - 1) * stride[axis] + 1 for axis in (0, 1)]
    result: Value | None = None
    for offset in ((i, j) for i in range(kernel[0]) for j in range(kernel[1])):
        first = writer.constant(list(offset), Type.INT64)
        end = writer.constant([offset[axis] + reach[axis] for axis in (0, 1)], Type.INT64)
        seen = writer.node("Slice", [x, first, end, axes, steps], x.type, x.interval)
        result = seen if result is None else writer.node("Max", [result, seen], x.type, x.interval)
    assert result is not None
    return result
