"""Ranges are sound: whatever goes in, every sum and state of a run is within what was proved."""

from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import ValidationError
from neurodeploy.program import Conv2d, Dense, Edge, Input, Neuron, Program, Signal
from neurodeploy.program.ranges import ranges
from neurodeploy.simulator import run_golden
from neurodeploy.simulator.golden import combine, weighted
from snncore.dynamics import Format, NumberSystem, spike, trace
from snncore.dynamics.arithmetic.interval import Interval
from tests.unit.programs import driven, neurons, random_program, random_samples

SEEDS = range(60)


def test_no_state_of_a_run_leaves_its_range() -> None:
    tight = 0
    for seed in SEEDS:
        program = random_program(seed)
        proved = ranges(program)
        samples = random_samples(program, seed, 20, 3)
        if seed % 3 == 0:
            high = 1 if program.input.signal == Signal.SPIKES else (1 << 24) - 1
            samples = np.full_like(samples, high)
        golden = run_golden(program, samples)
        for layer in program.layers:
            for state, bound in proved.layers[layer.name].states.items():
                values = golden[layer.name].values[state]
                assert bound.low <= values.min(), f"seed {seed}: {layer.name}.{state}"
                assert values.max() <= bound.high, f"seed {seed}: {layer.name}.{state}"
                tight += values.max() == bound.high > 0
    # Not merely the whole register each time.
    assert tight > 5


def test_the_range_of_a_sum_is_met_by_the_worst_input() -> None:
    random = np.random.default_rng(0)
    for _ in range(30):
        weight = random.integers(-50, 50, (3, 2, 2, 2))
        node = Conv2d("c", Edge("in"), weight)
        for low, high in ((0, 1), (-3, 5)):
            total = node.sum_range(Interval(low, high))
            best = np.where(weight > 0, high, low).reshape(3, 2, 2, 2)
            worst = np.where(weight > 0, low, high).reshape(3, 2, 2, 2)
            sums = [int(combine(node, x)[n, n, 0, 0]) for x in (best, worst) for n in range(3)]
            assert (total.low, total.high) == (min(0, *sums), max(0, *sums))


def test_given_inputs_narrow_the_ranges() -> None:
    program = driven(current_decay=4096, voltage_decay=4096, threshold=1 << 17)
    narrow = ranges(program, Interval(-3, 5)).layers["n"]
    assert narrow.drive == Interval(-3, 5)
    assert narrow.states["u"] == Interval(-3 * 64, 5 * 64)
    wide = ranges(program).layers["n"]
    assert wide.drive == Interval(1 - (1 << 24), (1 << 24) - 1)


def test_branches_add_up_and_shifts_and_wraps_count() -> None:
    def drive(**options: int) -> Interval:
        nodes = (
            Input("in", (2,)),
            Dense("a", Edge("in"), [[3, -5]]),
            Dense("b", Edge("in", 1), [[100, 28]], **options),
            neurons("n", "a", "b"),
        )
        return ranges(Program(nodes, "n")).layers["n"].drive

    assert drive() == Interval(-5, 131)
    assert drive(shift=3) == Interval(-5, 19)
    assert drive(accumulator_bits=9) == Interval(-5, 131)
    assert drive(accumulator_bits=8) == Interval(-133, 130)


def test_a_sum_at_the_edge_of_an_image_sees_no_input() -> None:
    total = Conv2d("c", Edge("in"), np.full((1, 1, 2, 2), 7)).sum_range(Interval(3, 5))
    assert total == Interval(0, 140)
    assert Dense("d", Edge("in"), [[-7]]).sum_range(Interval(3, 5)) == Interval(-35, 0)


def test_what_a_delay_holds_begins_at_zero() -> None:
    nodes = (Input("in", (1,), Signal.CURRENT), neurons("n", Edge("in", 1)))
    assert ranges(Program(nodes, "n"), Interval(3, 5)).layers["n"].drive == Interval(0, 5)


def test_each_delay_is_shifted_by_itself() -> None:
    dense = Dense("d", Edge("in"), [[-1, -1]], shift=1, delays=[[0, 1]])
    program = Program((Input("in", (2,)), dense, neurons("n", "d")), "n")
    # Two halves, each rounded down, are less than the half of both.
    parts = [(np.ones((1, 2), dtype=np.int64), weight) for _, weight in dense.delayed_weights]
    assert int(weighted(dense, parts).item()) == -2
    assert ranges(program).layers["n"].drive == Interval(-2, 0)


def test_weights_behind_a_loop_count_in_full() -> None:
    nodes = (
        Input("in", (1,)),
        neurons("n", "in", Edge("own", 1)),
        Dense("own", Edge("n"), [[-7000]]),
    )
    assert ranges(Program(nodes, "n")).layers["n"].drive == Interval(-7000, 1)


def test_a_layer_without_a_bound_is_named() -> None:
    # Between two turns of its range a register that wraps once can grow for ever.
    counter = trace(
        lambda v, x, *, a: (v * a + x, spike(v)), states=("v",), parameters=("a",), name="Growing"
    )
    system = NumberSystem("chip", (("v", Format(4, 0)),), (("a", 0),))
    layer = Neuron("n", (Edge("in"),), counter, system, {"a": np.int64(3)})
    assert ranges(Program((Input("in", (1,)), layer), "n")).layers["n"].states["v"].high == 7
    loop = (Input("in", (1,)), Dense("a", Edge("a", 1), [[1]]), neurons("n", "in", "a"))
    with pytest.raises(ValidationError, match="a: a loop of weights without neurons"):
        ranges(Program(loop, "n"))


def test_neurons_whose_numbers_come_back_are_named() -> None:
    showing = trace(lambda v, x: (v + x, v + x), states=("v",), parameters=(), name="Showing")
    system = NumberSystem("chip", (("v", Format(24, 0)),), ())
    for late in (0, 1):
        layer = Neuron("n", (Edge("in"), Edge("own", late)), showing, system, {})
        own = Dense("own", Edge("n", 1 - late), [[1]])
        nodes = (Input("in", (1,)), *((layer, own) if late else (own, layer)))
        with pytest.raises(ValidationError, match=r"n: sends .* over own, .*one a step"):
            ranges(Program(nodes, "n"))


def test_counts_that_come_back_have_the_bound_of_their_neurons() -> None:
    def counting(v: Any, x: Any, *, threshold: Any) -> Any:
        h = v + x
        once, twice = spike(h - threshold), spike(h - threshold - threshold)
        return h - once * threshold - twice * threshold, once + twice

    equations = trace(counting, states=("v",), parameters=("threshold",), name="Counting")
    system = NumberSystem("chip", (("v", Format(12, 0)),), (("threshold", 0),))
    for late in (0, 1):
        values = {"threshold": np.int64(9)}
        layer = Neuron("n", (Edge("in"), Edge("own", late)), equations, system, values)
        own = Dense("own", Edge("n", 1 - late), [[-4]])
        nodes = (Input("in", (1,)), *((layer, own) if late else (own, layer)))
        proved = ranges(Program(nodes, "n"))
        assert proved.values["n"] == Interval(0, 2)
        assert proved.layers["n"].drive == Interval(-8, 1)
