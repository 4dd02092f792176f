"""The words act alike on what they are given: numbers, arrays, tensors, and symbols evaluated."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snncore.dynamics import Op, absolute, evaluate, exp, firing, maximum, minimum, select, spike
from tests.unit.drawn import Drawn, drawn_steps

# Every operation on Python's floats.
FLOATS: dict[Op, Callable[..., Any]] = {
    Op.ADD: lambda x, y: x + y,
    Op.SUBTRACT: lambda x, y: x - y,
    Op.MULTIPLY: lambda x, y: x * y,
    Op.DIVIDE: lambda x, y: x / y,
    Op.NEGATE: lambda x: -x,
    Op.MINIMUM: min,
    Op.MAXIMUM: max,
    Op.ABSOLUTE: abs,
    Op.EXP: math.exp,
    Op.DETACH: lambda x: x,
    Op.GREATER: lambda x, y: x > y,
    Op.GREATER_EQUAL: lambda x, y: x >= y,
    Op.SELECT: lambda condition, x, y: x if condition > 0 else y,
    Op.SPIKE: lambda x, strict: float(x > 0 if strict else x >= 0),
}
# Quarters, so that sums and products of a few of them are exact and ties happen.
QUARTERS = st.integers(-40, 40).map(lambda n: n / 4)


@given(drawn_steps(), st.lists(st.tuples(*[QUARTERS] * 5), min_size=1, max_size=4))
def test_one_step_means_the_same_on_everything(drawn: Drawn, rows: list[tuple[float, ...]]) -> None:
    equations, step = drawn.equations(), drawn.step()
    count = len(drawn.states)
    leaves = [row[: count + 3] for row in rows]
    columns = list(zip(*leaves, strict=True))

    def called(convert: Callable[[Any], Any]) -> list[Any]:
        *first, a, b = (convert(column) for column in columns)
        return [np.broadcast_to(np.asarray(r), len(rows)) for r in step(*first, a=a, b=b)]

    for index, row in enumerate(leaves):
        *states, x, a, b = row
        numbers = step(*states, x, a=a, b=b)
        named = dict(zip(drawn.states, states, strict=True))
        following, fired = evaluate(equations, FLOATS, named, {"x": x}, {"a": a, "b": b})
        assert (*following.values(), fired) == numbers
        for many in (called(np.array), called(lambda c: torch.tensor(c, dtype=torch.float64))):
            assert tuple(float(values[index]) for values in many) == numbers


@pytest.mark.parametrize("make", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_words_keep_the_type(make: Callable[..., Any], kind: str) -> None:
    x = make(np.array([-2.0, 0.0, 3.0], dtype=kind))
    results = {
        "select": (select(x > 0, 1.0, x), [-2, 0, 1]),
        "select of a spike": (select(spike(x), x, 9.0), [9, 0, 3]),
        "spike": (spike(x), [0, 1, 1]),
        "strict spike": (spike(x, strict=True), [0, 0, 1]),
        "minimum": (minimum(x, 1.0), [-2, 0, 1]),
        "maximum": (maximum(0.5, x), [0.5, 0.5, 3]),
        "absolute": (absolute(x), [2, 0, 3]),
    }
    for word, (result, expected) in results.items():
        assert result.dtype == x.dtype, word
        assert np.asarray(result).tolist() == expected, word
    assert np.allclose(np.asarray(exp(x), dtype=float), np.exp([-2, 0, 3]), rtol=2e-3)


def test_a_condition_holds_above_zero_on_everything() -> None:
    numbers = [-1.0, 0.0, 0.5, 2.0]
    expected = [2.0, 2.0, 1.0, 1.0]
    assert [select(number, 1.0, 2.0) for number in numbers] == expected
    ones = np.ones(4)
    assert select(np.array(numbers), ones, 2 * ones).tolist() == expected
    assert select(torch.tensor(numbers), torch.ones(4), 2.0).tolist() == expected


def test_a_firing_rule_replaces_the_spike_of_tensors_alone() -> None:
    def rule(distance: Any, strict: bool) -> Any:
        return distance * 0 + (7 if strict else 5)

    with firing(rule):
        assert spike(torch.zeros(2)).tolist() == [5, 5]
        assert spike(torch.zeros(2), strict=True).tolist() == [7, 7]
        assert spike(np.zeros(2)).tolist() == [1, 1]
        assert spike(-1.0) == 0.0
    assert spike(torch.zeros(2)).tolist() == [1, 1]
