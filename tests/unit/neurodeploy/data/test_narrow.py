"""Arrays held narrow: the narrowest type that is exact, and no sum that leaves it."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from neurodeploy.data import narrow
from neurodeploy.data.narrow import frozen, integer_type, narrowed, narrowed_floats, widened
from neurodeploy.graph import Dense as FloatDense
from neurodeploy.program import Conv2d, Dense, Edge, Input, Neuron, Program
from neurodeploy.program.ranges import ranges
from neurodeploy.simulator import run_golden, simulate
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (0, 0, np.int8),
        (-128, 127, np.int8),
        (-129, 0, np.int16),
        (0, 128, np.int16),
        (-(1 << 15), (1 << 15) - 1, np.int16),
        (0, 1 << 15, np.int32),
        (-(1 << 31) - 1, 0, np.int64),
        (0, (1 << 62) - 1, np.int64),
    ],
)
def test_integers_are_held_in_the_narrowest_type(low: int, high: int, kind: type) -> None:
    assert integer_type(low, high) is kind
    array = narrowed(np.array([[low, high]]))
    assert array.dtype == kind
    assert array.tolist() == [[low, high]]
    assert not array.flags.writeable


@pytest.mark.parametrize(
    ("value", "kind"),
    [(0.5, np.float32), (0.1, np.float64), (1e300, np.float64), (np.float32(0.1), np.float32)],
)
def test_floats_are_held_in_single_precision_where_that_is_exact(value: float, kind: type) -> None:
    array = narrowed_floats(np.array([value, -0.0]))
    assert array.dtype == kind
    assert array[0] == value
    assert not np.signbit(array[1])


def test_what_nobody_can_change_is_not_copied() -> None:
    mine = np.ones((2, 3), np.int8)
    assert not np.shares_memory(narrowed(mine), mine)
    mine.setflags(write=False)
    assert narrowed(mine) is mine
    assert frozen(mine[::-1], np.int8).flags.c_contiguous


def test_pieces_hold_everything_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(narrow, "PIECE", 6)
    values = np.arange(50).reshape(25, 2)
    assert np.concatenate(list(narrow.pieces(values))).tolist() == list(range(50))
    rows = list(narrow.row_pieces(values))
    assert len(rows) > 1
    assert np.concatenate([values[each] for each in rows]).tolist() == values.tolist()


@dataclass(frozen=True)
class Holder:
    first: int
    values: np.ndarray = widened(np.int64)
    last: int = 2


def test_a_field_is_wide_when_asked_for() -> None:
    holder = Holder(1, narrowed(np.array([100])))
    assert vars(holder)["values"].dtype == np.int8
    assert holder.values.dtype == np.int64
    assert not holder.values.flags.writeable
    assert replace(holder, first=3).values.tolist() == [100]
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'values'"):
        Holder(1)


def extreme(weight: np.ndarray, kind: type) -> Program:
    """One layer whose weights are as large as their type: any sum of two leaves it."""
    shape = (weight.shape[1],) if weight.ndim == 2 else (weight.shape[1], 3, 3)
    node = Dense("w", Edge("in"), weight) if weight.ndim == 2 else Conv2d("w", Edge("in"), weight)
    assert node.narrow_weight.dtype == kind
    numbers = {"current_decay": 4096, "voltage_decay": 4096, "threshold": 1, "bias": 0}
    parameters = {key: np.array(value) for key, value in numbers.items()}
    neurons = Neuron("n", (Edge("w"),), CUBA_LIF, LOIHI, parameters)
    return Program((Input("in", shape), node, neurons), "n")


@pytest.mark.parametrize("kind", [np.int8, np.int16])
@pytest.mark.parametrize("shape", [(4, 2), (4, 2, 1, 1)])
def test_nothing_overflows_in_a_narrow_type(kind: type, shape: tuple[int, ...]) -> None:
    limits = np.iinfo(kind)
    weight = np.full(shape, limits.min, np.int64)
    weight[::2] = limits.max
    program = extreme(weight, kind)
    count = int(np.prod(shape[1:]))
    assert ranges(program).layers["n"].drive.low == limits.min * count
    assert ranges(program).layers["n"].drive.high == limits.max * count
    samples = np.ones((2, 3, *program.input.shape))
    golden = run_golden(program, samples)
    assert int(golden["n"].u.max()) == limits.max * count << 6
    assert golden["n"].s.any()
    for key, values in simulate(program, samples, engine="fast")["n"].values.items():
        assert (values == golden["n"].values[key]).all(), key


def test_a_hash_does_not_tell_types_apart() -> None:
    weight = np.arange(-12, 12).reshape(4, 6)
    programs = [extreme(weight.astype(kind), np.int8) for kind in (np.int8, np.int32, np.int64)]
    assert len({each.sha256 for each in programs}) == 1
    assert programs[0] == programs[2]
    halves = [weight.astype(kind) * kind(0.5) for kind in (np.float32, np.float64)]
    first, second = (FloatDense("w", Edge("in"), each) for each in halves)
    assert first == second
    assert first.weight.dtype == np.float64
    assert first.narrow_weight.dtype == second.narrow_weight.dtype == np.float32


def test_multiples_are_floats_when_asked_for() -> None:
    integers = narrowed(np.array([[3, -5], [127, 0]]))
    node = FloatDense("w", Edge("in"), narrow.Multiples(integers, -6), None, -6)
    assert vars(node)["weight"].integers is integers
    assert isinstance(node.weight, np.ndarray)
    assert node.weight.dtype == np.float64
    assert not node.weight.flags.writeable
    assert node.weight.tolist() == [[3 / 64, -5 / 64], [127 / 64, 0.0]]
    assert node == FloatDense("w", Edge("in"), node.weight, None, -6)
