"""Rewritings toward integers: each computes what it replaces."""

from typing import Any

import pytest
import torch

from snncore.dynamics import evaluate, exp, select, sigmoid, spike, trace
from snncore.dynamics.expression import Op
from snncore.dynamics.rewriting.curves import as_lines, exponential_lines, logistic_lines
from snncore.dynamics.rewriting.folding import folded
from snncore.dynamics.rewriting.starting import from_zero
from snncore.dynamics.words import TABLE


def step(v: Any, x: Any, *, tau: Any, w: Any, threshold: Any) -> Any:
    h = v + (x - v) / tau * (1 - sigmoid(w)) + 2 * threshold / tau
    s = spike(h - threshold)
    return select(s, 0.0, h), s


EQUATIONS = trace(step, states=("v",), parameters=("tau", "w", "threshold"), name="Step")
VALUES = {"tau": 3.0, "w": 0.4, "threshold": 1.5}


def test_expressions_of_parameters_become_parameters() -> None:
    parts = folded(EQUATIONS)
    assert parts.equations.parameters == ("threshold", "per_tau", "from_w", "from_tau_threshold")
    assert parts.sources("from_tau_threshold") == ("tau", "threshold")
    assert parts.sources("threshold") == ("threshold",)
    assert not {o.op for o in parts.equations.operations} & {Op.DIVIDE, Op.EXP}
    for v, x in ((0.0, 1.0), (0.5, -2.0), (1.4, 8.0)):
        before = evaluate(EQUATIONS, TABLE, {"v": v}, {"x": x}, VALUES)
        after = evaluate(parts.equations, TABLE, {"v": v}, {"x": x}, parts.values(VALUES))
        assert after[0]["v"] == pytest.approx(before[0]["v"])
        assert after[1] == before[1]


def test_states_start_at_zero() -> None:
    moved, starts = from_zero(EQUATIONS, {"v": 0.75})
    assert starts == {"v_start": 0.75}
    v = moved_v = 0.0
    v = 0.75
    for x in (1.0, -1.0, 9.0, 0.5):
        states, fired = evaluate(EQUATIONS, TABLE, {"v": v}, {"x": x}, VALUES)
        other, again = evaluate(moved, TABLE, {"v": moved_v}, {"x": x}, VALUES | starts)
        v, moved_v = states["v"], other["v"]
        assert (v, fired) == (pytest.approx(moved_v + 0.75), again)
    assert from_zero(EQUATIONS, {"v": 0.0}) == (EQUATIONS, {})


def test_lines_are_near_their_curves() -> None:
    z = torch.linspace(-9, 4.9, 4000, dtype=torch.float64)
    error = (exponential_lines(z, 2.0**-7) - z.exp()).abs() / z.exp().clamp(min=0.25)
    assert float(error.max()) < 0.09
    wide = torch.linspace(-9, 9, 4000, dtype=torch.float64)
    assert float((logistic_lines(wide, 2.0**-7) - wide.sigmoid()).abs().max()) < 0.02


def test_a_logistic_function_and_an_exponential_each_become_lines() -> None:
    def curved(v: Any, x: Any) -> Any:
        h = v + x
        s = spike(sigmoid(h) + exp(h) - 2)
        return h - s, s

    equations, lines = as_lines(trace(curved, states=("v",), parameters=(), name="Curved"), 7)
    assert lines == ("sigmoid", "exp")
    assert not {o.op for o in equations.operations} & {Op.DIVIDE, Op.EXP}
    for x in (-3.0, 0.2, 2.0):
        _, fired = evaluate(equations, TABLE, {"v": 0.0}, {"x": x}, {})
        assert fired == float(x > 0.4)
