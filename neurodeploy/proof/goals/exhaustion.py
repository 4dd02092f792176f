"""Questions with so few numbers that all of them are tried."""

from __future__ import annotations

import time
from math import prod

import numpy as np

from neurodeploy.proof.goals.question import Answer, Question, Verdict
from snncore.dynamics.bits.running import run, widest

METHOD = "exhaustion"
# Less than a second, as long as a solver takes to start.
MOST_CASES = 1 << 16
# Arrays of 64 bits hold these exactly.
_MOST_BITS = 62


def cases(question: Question) -> int | None:
    """Return how many combinations there are, or None if they are too many or too wide."""
    count = prod(1 << wire.bits for wire in question.variables.values())
    wide = widest([*question.assumed, question.claimed])
    return count if count <= MOST_CASES and wide <= _MOST_BITS else None


def exhausted(question: Question) -> Answer:
    """Return the answer by trying every combination of numbers."""
    started = time.perf_counter()
    sizes = [1 << wire.bits for wire in question.variables.values()]
    count = prod(sizes)
    index = np.arange(count, dtype=np.int64)
    values = {}
    for name, size in zip(question.variables, sizes, strict=True):
        values[name] = index % size - size // 2
        index = index // size
    *assumed, claimed = run([*question.assumed, question.claimed], values)
    refuting = np.broadcast_to(np.logical_not(claimed), (count,)).copy()
    for condition in assumed:
        refuting &= condition
    seconds = time.perf_counter() - started
    if not refuting.any():
        return Answer(Verdict.PROVED, {}, METHOD, seconds)
    first = int(np.argmax(refuting))
    numbers = {name: int(column[first]) for name, column in values.items()}
    return Answer(Verdict.REFUTED, numbers, METHOD, seconds)
