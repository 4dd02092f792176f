"""Every word of the dialect, evaluated by the standard's evaluator, is the golden interpreter's."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from neurodeploy.simulator.golden import GOLDEN, shift_to_zero
from snncore.dynamics import Op
from snncore.dynamics.arithmetic.interval import Interval
from targets.onnx.writing.dialect import TABLE, operation, shifted_product
from targets.onnx.writing.types import Type, Value, arithmetic_type
from targets.onnx.writing.writer import OPSET, Writer
from tests.unit.programs import Array

# Beside arguments, the constants that an operation has.
ATTRIBUTES: dict[Op, tuple[Any, ...]] = {
    Op.SHIFT_LEFT: (1, 6, 20),
    Op.SHIFT_FLOOR: (1, 5, 12, 31),
    Op.SHIFT_TO_ZERO: (1, 5, 12, 31),
    Op.SCALE_TO_ZERO: ((3796, 12), (-7, 3)),
    Op.WRAP: (4, 12, 24, 32),
    Op.WRAP_ONCE: (12, 24),
    Op.CLIP: ((-100, 77), (-(1 << 23), 1 << 23)),
    Op.SPIKE: (True, False),
}
COUNT = {Op.SELECT: 3, Op.NEGATE: 1, Op.ABSOLUTE: 1} | dict.fromkeys(ATTRIBUTES, 1)
OPERATIONS = [op for op in (*TABLE, Op.SPIKE) if op != Op.SELECT]
REACHES = (3, 1 << 11, (1 << 30) - 1, (1 << 40) - 1)


def evaluated(write: Callable[..., Value | None], values: Sequence[Array]) -> Array | None:
    """Return what the written nodes compute from these values."""
    writer, arguments, inputs = Writer(), [], []
    for number, value in enumerate(values):
        interval = Interval(int(value.min()), int(value.max()))
        arguments.append(Value(f"x{number}", arithmetic_type(interval), interval))
        info = onnx.helper.make_tensor_value_info(f"x{number}", int(arguments[-1].type), ["n"])
        inputs.append(info)
    result = write(writer, arguments)
    if result is None:
        return None
    output = onnx.helper.make_tensor_value_info(result.name, int(result.type), ["n"])
    graph = onnx.helper.make_graph(writer.nodes, "one", inputs, [output])
    opset = onnx.helper.make_opsetid("", OPSET)
    model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    arrays = {
        each.name: value.astype(each.type.numpy)
        for each, value in zip(arguments, values, strict=True)
    }
    (result_values,) = ReferenceEvaluator(model).run(None, arrays)
    if result.type != Type.BOOL:
        assert result.interval.low <= result_values.min()
        assert result_values.max() <= result.interval.high
    whole: Array = np.asarray(result_values).astype(np.int64)
    return whole


def drawn(count: int, reach: int, seed: int) -> list[Array]:
    """Return integers up to a magnitude, the ends and zero among them."""
    random = np.random.default_rng(seed)
    values = [random.integers(-reach, reach + 1, 60) for _ in range(count)]
    for value in values:
        value[:5] = random.permutation([-reach, reach, 0, 1, -1])
    return values


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.value)
def test_an_operation(op: Op) -> None:
    for attribute in ATTRIBUTES.get(op, (None,)):
        for seed, reach in enumerate(REACHES):
            if op in (Op.MULTIPLY, Op.SHIFT_LEFT, Op.SCALE_TO_ZERO) and reach > 1 << 30:
                continue
            values = drawn(COUNT.get(op, 2), reach, seed)
            if op == Op.SCALE_TO_ZERO:
                expected = shift_to_zero(values[0] * attribute[0], attribute[1])
            else:
                more = [] if attribute is None else [attribute]
                expected = np.asarray(GOLDEN[op](*values, *more)).astype(np.int64)
            bound = Interval(int(expected.min()), int(expected.max()))
            results = evaluated(
                lambda writer, arguments, a=attribute, b=bound: operation(
                    writer, op, arguments, a, b
                ),
                values,
            )
            np.testing.assert_array_equal(results, expected)


@pytest.mark.parametrize("op", [Op.SHIFT_FLOOR, Op.SHIFT_TO_ZERO], ids=lambda op: op.value)
@pytest.mark.parametrize("bits", [1, 8, 12])
def test_a_wide_product_in_32_bits(op: Op, bits: int) -> None:
    written = 0
    for seed, reach in enumerate((1 << 9, 1 << 16, 1 << 23, 1 << 29)):
        for largest in (1, 100, (1 << bits), -77):
            (other,), factor = drawn(1, reach, seed), np.full(60, largest)
            factor[::7] = 0
            product = factor * other
            expected = GOLDEN[op](product, bits)
            bound = Interval(int(expected.min()), int(expected.max()))

            def write(
                writer: Writer, factors: list[Value], bound: Interval = bound
            ) -> Value | None:
                result = shifted_product(writer, op, factors[0], factors[1], bits, bound)
                assert result is None or result.type == Type.INT32
                return result

            results = evaluated(write, [factor, other])
            if results is not None:
                written += 1
                np.testing.assert_array_equal(results, expected)
    assert written > 10
