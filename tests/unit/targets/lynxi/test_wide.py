"""Products of states beyond 2^24: parts in float32 compute what the integers do."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.errors import DoesNotFitError
from neurodeploy.simulator.golden import GOLDEN
from snncore import encoding, layer, neuron
from snncore.dynamics import Equations, Op, evaluate
from snncore.dynamics.arithmetic.interval import Interval, step_intervals
from snncore.dynamics.expression import Operation
from targets.lynxi.check import check
from targets.lynxi.reduced.certificate import SINGLE_LIMIT, Level, is_exact
from targets.lynxi.reduced.plan import plan_of
from targets.lynxi.reduced.translate import recipe_of
from tests.unit.targets.lynxi.programs import InNumbers

LARGEST = (1 << 23) - 1
SHIFT = 25
LEAVES = [
    Operation(Op.STATE, (), "u"),
    Operation(Op.STATE, (), "v"),
    Operation(Op.INPUT, (), "x"),
    Operation(Op.PARAMETER, (), "p"),
    # 4 to 6: products of 46, 34 and 23 bits.
    Operation(Op.MULTIPLY, (0, 1)),
    Operation(Op.MULTIPLY, (0, 3)),
    Operation(Op.SHIFT_LEFT, (1,), 11),
]
# The operations that follow, each from number 7 on; the last is what a state becomes.
STEPS: dict[str, list[Operation]] = {
    "add": [Operation(Op.ADD, (4, 5))],
    "subtract": [Operation(Op.SUBTRACT, (5, 4))],
    "multiply by a condition": [Operation(Op.GREATER, (0, 1)), Operation(Op.MULTIPLY, (7, 4))],
    "three factors": [Operation(Op.SHIFT_FLOOR, (4,), 34), Operation(Op.MULTIPLY, (7, 5))],
    "negate": [Operation(Op.NEGATE, (4,))],
    "absolute": [Operation(Op.ABSOLUTE, (4,)), Operation(Op.SUBTRACT, (7, 6))],
    "minimum": [Operation(Op.MINIMUM, (5, 6))],
    "maximum": [Operation(Op.MAXIMUM, (6, 5))],
    "select": [Operation(Op.GREATER_EQUAL, (5, 6)), Operation(Op.SELECT, (7, 4, 6))],
    "shift to zero": [Operation(Op.SHIFT_TO_ZERO, (4,), 9)],
    "shift": [Operation(Op.SHIFT_FLOOR, (4,), 3)],
    "shift by a part": [Operation(Op.SHIFT_FLOOR, (4,), 12)],
    "clip": [Operation(Op.CLIP, (4,), (-(1 << 40), 1 << 39))],
    "wrap": [Operation(Op.WRAP, (4,), 62)],
    "wrap once": [Operation(Op.WRAP_ONCE, (4,), 46)],
    "meet": [Operation(Op.SUBTRACT, (6, 6)), Operation(Op.ADD, (7, 5))],
}


def equations(steps: list[Operation], strict: bool) -> Equations:
    """Return the steps, shifted to what a state holds, and a spike where the result is above 0."""
    last = len(LEAVES) + len(steps) - 1
    shifted = Operation(Op.SHIFT_FLOOR, (last,), SHIFT)
    operations = (*LEAVES, *steps, shifted, Operation(Op.SPIKE, (last,), strict))
    parameters, states = ("p",), ("u", "v")
    return Equations("wide", states, ("x",), parameters, operations, (0, last + 1), last + 2)


def drawn(rng: np.random.Generator, most: int) -> Any:
    """Return integers of all sizes, with both ends, zero and its neighbours."""
    sizes = 2.0 ** rng.uniform(0, np.log2(most), 400)
    values = (sizes * rng.choice([-1, 1], 400)).astype(np.int64)
    return np.concatenate([values, [most, -most, 0, 1, -1, 4096, -4096, 4095]])


@pytest.mark.parametrize(("name", "strict"), [*product(STEPS, (False, True))])
def test_values_beyond_float32_are_exact_in_parts(name: str, strict: bool) -> None:
    rng = np.random.default_rng(len(name))
    form = equations(STEPS[name], strict)
    u, v = drawn(rng, LARGEST), rng.permutation(drawn(rng, LARGEST))
    # Products that are equal, zero, or differ by one.
    v[:40], u[40:80] = u[:40], 1
    p = rng.choice(drawn(rng, 2047), len(u))
    ranges = Interval(-LARGEST, LARGEST)
    sizes = {"p": Interval(int(p.min()), int(p.max()))}
    _, bounds = step_intervals(form, {"u": ranges, "v": ranges}, {"x": Interval(-1, 1)}, sizes)
    assert max(each.largest() for each in bounds) > 1 << 40
    recipe = recipe_of(form, bounds, {"p": p})
    assert recipe.bound <= SINGLE_LIMIT
    assert all(is_exact(each) for each in recipe.numbers)
    x = np.zeros(len(u), np.int64)
    expected, fired = evaluate(form, GOLDEN, {"u": u, "v": v}, {"x": x}, {"p": p})
    single = {key: value.astype(np.float32) for key, value in (("u", u), ("v", v))}
    language = InNumbers(np.float32, recipe.constants)
    results, spikes = recipe.run(language, single, x.astype(np.float32))
    assert 0 < spikes.sum() < len(spikes)
    assert (spikes == fired).all()
    assert (results["v"] == expected["v"]).all()


def test_a_state_beyond_float32_has_no_parts() -> None:
    """A package holds one number for each state, so its recipe keeps a bound that check refuses."""
    form = equations(STEPS["add"], strict=False)
    ranges = Interval(-(1 << 24), 1 << 24)
    sizes = {"p": Interval(3, 3)}
    _, bounds = step_intervals(form, {"u": ranges, "v": ranges}, {"x": Interval(-1, 1)}, sizes)
    assert recipe_of(form, bounds, {"p": np.array(3)}).bound > SINGLE_LIMIT


def test_a_value_that_wraps_has_no_parts() -> None:
    form = equations([Operation(Op.WRAP, (4,), 40)], strict=False)
    ranges = Interval(-LARGEST, LARGEST)
    sizes = {"p": Interval(3, 3)}
    _, bounds = step_intervals(form, {"u": ranges, "v": ranges}, {"x": Interval(-1, 1)}, sizes)
    with pytest.raises(DoesNotFitError, match="wrap at 40 bits"):
        recipe_of(form, bounds, {"p": np.array(3)})


def test_neurons_of_ones_own_behind_an_encoder_fit_float32() -> None:
    """Their states keep as many bits below the unit as 24 bits leave, and products are parted."""
    torch.manual_seed(0)
    encoder, neurons = encoding.Direct(8), neuron.AdaptiveLIF(threshold=0.2)
    network = nn.Sequential(encoder, layer.Linear(4, 3), neurons)
    samples = torch.rand(6, 2, 4)
    prepared = quant.prepare(network, target="lynxi", example=samples)
    program = nd.lower(prepared, example=samples, target="lynxi")
    assert [each for each in check(program) if each.severity == "error"] == []
    (part,) = plan_of(program).layers
    assert part.certificate.level == Level.L1
    assert max(form.bits for _, form in program.layers[0].system.states) == 24
