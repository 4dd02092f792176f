"""Claims in lemmas and with bounded products, answered by trying every number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from neurodeploy.proof.goals.bounds import bounded
from neurodeploy.proof.goals.exhaustion import exhausted
from neurodeploy.proof.goals.merging import Merger
from neurodeploy.proof.goals.question import Answer, Question, Verdict
from neurodeploy.proof.lemmas import in_lemmas
from snncore.dynamics.bits.circuit import Circuit, Gate, Wire
from snncore.dynamics.bits.running import run

FACTOR = 5


def program(circuit: Circuit, x: Wire, y: Wire) -> Wire:
    """Return a product that is divided, plus a number, clipped."""
    scaled = circuit.shift_floor(circuit.multiply(x, circuit.constant(FACTOR)), 2)
    total = circuit.add(scaled, y)
    high = circuit.constant(9)
    return circuit.choose(circuit.less(high, total), high, total)


def files(circuit: Circuit, x: Wire, y: Wire, wrong: int = 0) -> Wire:
    """Return the same in other words: the remainder is taken away, and less decides otherwise."""
    product = circuit.add(circuit.shift_left(x, 2), x)
    rest = circuit.bitwise(Gate.BITWISE_AND, product, circuit.constant(3))
    scaled = circuit.shift_to_zero(circuit.subtract(product, rest), 2)
    total = circuit.add(y, scaled)
    high = circuit.constant(9 + wrong)
    return circuit.choose(circuit.less(total, high), total, high)


def numbers() -> dict[str, np.ndarray]:
    """Return a few random numbers of six and five bits."""
    rng = np.random.default_rng(0)
    return {"x": rng.integers(-32, 32, 9), "y": rng.integers(-16, 16, 9)}


def claim(wrong: int = 0) -> tuple[Question, Wire]:
    """Return the claim that both are equal, and the program's side."""
    circuit = Circuit()
    x, y = circuit.variable("x", 6), circuit.variable("y", 5)
    ours, theirs = program(circuit, x, y), files(circuit, x, y, wrong)
    return Question("n.equal", circuit, (), circuit.equal(ours, theirs)), ours


def every(questions: Sequence[Question]) -> list[Answer]:
    """Answer questions by trying all numbers."""
    return [exhausted(each) for each in questions]


def test_lemmas_prove_what_is_equal() -> None:
    question, ours = claim()
    whole, answer = in_lemmas(question, [ours], numbers(), every, seconds=60)
    assert answer.verdict == Verdict.PROVED
    assert whole.name == question.name
    # A script in which each lemma, and then the claim, is asked for.
    assert whole.text.count("(check-sat)") == whole.text.count("(push 1)") > 2
    assert whole.text.count("(set-logic") == 1


@pytest.mark.parametrize("wrong", [1, -1])
def test_lemmas_refute_what_is_not(wrong: int) -> None:
    question, ours = claim(wrong)
    _, answer = in_lemmas(question, [ours], numbers(), every, seconds=60)
    assert answer.verdict == Verdict.REFUTED
    assert question.is_refuted_by(answer.numbers)


def test_a_guess_that_is_wrong_is_taken_back() -> None:
    """Numbers on which unlike wires are alike: those that refute the guess are learnt."""
    circuit = Circuit()
    x = circuit.variable("x", 8)
    ours = circuit.shift_to_zero(x, 2)
    theirs = circuit.shift_floor(x, 2)
    question = Question("n.equal", circuit, (), circuit.equal(ours, theirs))
    few = {"x": np.array([0, 4, 90])}
    lemmas, _ = Merger(question, [ours], few, thorough=True).guessed()
    assert any(exhausted(each.wide).verdict == Verdict.REFUTED for each in lemmas)
    _, answer = in_lemmas(question, [ours], few, every, seconds=60)
    assert answer.verdict == Verdict.REFUTED
    assert question.is_refuted_by(answer.numbers)


def test_without_answers_lemmas_decide_nothing() -> None:
    question, ours = claim()

    def silent(questions: Sequence[Question]) -> list[Answer]:
        return [Answer(Verdict.UNKNOWN, {}, "a solver", 0.0) for _ in questions]

    _, answer = in_lemmas(question, [ours], numbers(), silent, seconds=60)
    assert answer.verdict == Verdict.UNKNOWN


@pytest.mark.parametrize(("limit", "verdict"), [(720, "proved"), (719, "refuted")])
def test_a_product_lies_between_its_corners(limit: int, verdict: str) -> None:
    circuit = Circuit()
    a, b = circuit.variable("a", 3), circuit.variable("b", 3)
    product = circuit.multiply(circuit.add(a, circuit.constant(28)), circuit.shift_left(b, 3))
    fits = circuit.less_equal(product, circuit.constant(limit))
    # At most 30 * 3 * 8.
    ends = {"a": (-2, 2), "b": (-4, 3)}
    parts = bounded(circuit, fits, ends)
    assert parts is not None
    assumed = [circuit.within(a, -2, 2), circuit.within(b, -4, 3), *parts.facts]
    question = Question("n.fits", circuit, tuple(assumed), parts.claimed)
    assert set(question.variables) == {"a", "b", "product.0"}
    assert exhausted(question).verdict == verdict


def test_a_factor_that_leaves_its_interval_is_noticed() -> None:
    circuit = Circuit()
    a = circuit.variable("a", 5)
    square = circuit.multiply(a, a)
    parts = bounded(circuit, circuit.less_equal(square, circuit.constant(9)), {"a": (-3, 3)})
    assert parts is not None
    # Nothing is assumed of a, so the claim about its interval fails.
    assert not run([parts.claimed], {"a": 4, "product.0": 9})[0]
    assert run([parts.claimed, *parts.facts], {"a": -3, "product.0": 9}) == [True, True]
    assert not run(list(parts.facts), {"product.0": -1})[0]
