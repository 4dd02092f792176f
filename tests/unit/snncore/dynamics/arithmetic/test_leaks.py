"""A leak or a reset keeps a state within its bounds: neither loses a bound."""

from typing import Any

import numpy as np
import pytest

from neurodeploy.simulator.golden import GOLDEN
from snncore.dynamics import Format, NumberSystem, Rounding, evaluate, to_integers, trace
from snncore.dynamics.arithmetic.interval import Interval, invariant
from snncore.dynamics.zoo.spiking import Fire, Reset

DRIVE, BITS = Interval(-50, 60), 7


def leaky(reset: Reset, strict: bool) -> Any:
    def step(v: Any, x: Any, *, leak: Any, threshold: Any) -> Any:
        return Fire(reset, strict)(v - leak * v + x, threshold)

    return trace(step, states=("v",), parameters=("leak", "threshold"), name="Leaky")


def system(rounding: Rounding) -> NumberSystem:
    return NumberSystem(
        "eleven",
        (("v", Format(11, 0)),),
        (("leak", BITS), ("threshold", 0)),
        rounding=rounding,
    )


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("reset", Reset)
@pytest.mark.parametrize("leak", [0, 1, 32, 127, 128])
def test_bounds_are_reached_but_never_left(
    reset: Reset, strict: bool, rounding: Rounding, leak: int
) -> None:
    integers = to_integers(leaky(reset, strict), system(rounding))
    parameters = {"leak": leak, "threshold": 100}
    ends = {key: Interval(value, value) for key, value in parameters.items()}
    states, _ = invariant(integers, {"x": DRIVE}, ends)
    random = np.random.default_rng(leak)
    v: Any = np.zeros(200, dtype=np.int64)
    lowest = highest = 0
    for step in range(300):
        # Half of them are driven as hard as it goes, up or down.
        x = random.integers(DRIVE.low, DRIVE.high + 1, 200)
        x[:50], x[50:100] = DRIVE.low, DRIVE.high if step % 7 else 0
        after, _ = evaluate(integers, GOLDEN, {"v": v}, {"x": x}, parameters)
        v = after["v"]
        lowest, highest = min(lowest, int(v.min())), max(highest, int(v.max()))
    assert states["v"].within(Interval(-1023, 1023))
    assert Interval(lowest, highest).within(states["v"])
    if leak >= 32:
        # Little is lost below: the bound is about what the neuron really falls to.
        assert states["v"].low >= 1.05 * lowest - 1
