"""A claim about two computations, in lemmas: wires that always agree are merged, one after another.

1. A wire of the files with the same values on many numbers as one of the program is taken to be
   equal to it. A merger that is thorough takes any two for equal, and one value for a constant.
2. Every such guess is a lemma. Sums and products that its two sides share are free numbers in it,
   so it is about the few operations in which they differ; where that is too little, it is asked
   about all of them.
3. A lemma is about circuits in which those before it are merged, and counts only if they are
   proved. Numbers that refute one are added to the others, and the guesses are made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.proof.goals.question import Question
from snncore.dynamics.bits.circuit import Circuit, Gate, Wire, in_order
from snncore.dynamics.bits.running import run, widest

Numbers = dict[str, NDArray[Any]]
# Arrays of 64 bits hold these exactly; wider ones are computed with Python's integers.
_MOST_BITS = 62
# What is hard for a solver.
_ARITHMETIC = (Gate.ADD, Gate.SUBTRACT, Gate.MULTIPLY, Gate.DIVIDE)


@dataclass(frozen=True, eq=False)
class Lemma:
    """Two wires that are taken to be equal, and the numbers of their positions in the claim."""

    positions: tuple[int, int]
    narrow: Question
    wide: Question


@dataclass(frozen=True, eq=False)
class InLemmas(Question):
    """A question whose certificate is a script of lemmas, the last of which is the claim."""

    lemmas: tuple[Question, ...] = ()

    @cached_property
    def text(self) -> str:
        """The scripts of all lemmas, each of which is unsatisfiable."""
        head, *_ = self.lemmas[-1].text.partition("(set-logic QF_BV)\n")
        scripts = [each.text.partition("(set-logic QF_BV)\n")[2] for each in self.lemmas]
        blocks = [f"(push 1)\n{script}(pop 1)\n" for script in scripts]
        return "".join([head, "(set-logic QF_BV)\n", *blocks])


class Merger:
    """The guesses about one question's wires."""

    def __init__(
        self, question: Question, program: Sequence[Wire], numbers: Numbers, *, thorough: bool
    ) -> None:
        self.question, self.numbers, self.thorough = question, numbers, thorough
        self.program = {id(wire) for wire in in_order(list(program))}
        self.order = in_order([*program, question.claimed])
        self._exact: Any = np.int64 if widest(self.order) <= _MOST_BITS else object
        # Guesses that no solver decided.
        self._left: set[tuple[int, int]] = set()

    def learn(self, numbers: Mapping[str, int]) -> None:
        """Add numbers that refute a lemma."""
        self.numbers = {
            name: np.append(values, numbers.get(name, values[0]))
            for name, values in self.numbers.items()
        }

    def leave(self, lemma: Lemma) -> None:
        """Take a lemma's wires for different from now on."""
        self._left.add(lemma.positions)

    def guessed(self) -> tuple[list[Lemma], Question]:
        """Return the lemmas, and the question that is left once all of them are proved."""
        circuit, signatures = self.question.circuit, self._signatures()
        built: dict[int, Wire] = {}
        first: dict[tuple[bool, bytes], tuple[int, Wire]] = {}
        lemmas: list[Lemma] = []
        for position, wire in enumerate(self.order):
            new = circuit.again(wire, tuple(built[id(arg)] for arg in wire.args))
            built[id(wire)] = new
            signature, constant = signatures[position]
            key, is_ours = (not wire.bits, signature), id(wire) in self.program
            if is_ours or self.thorough:
                first.setdefault(key, (position, new))
            if new.constant is not None or not wire.args or (is_ours and not self.thorough):
                continue
            before, alike = first.get(key, (position, new))
            if constant is not None and self.thorough:
                number = circuit.constant(constant) if wire.bits else circuit.truth(bool(constant))
                before, alike = position, number
            if alike is not new and (before, position) not in self._left:
                built[id(wire)] = alike
                lemmas.append(self._lemma((before, position), new, alike, len(lemmas)))
        claimed = built[id(self.question.claimed)]
        name, assumed = self.question.name, self.question.assumed
        return lemmas, Question(name, circuit, assumed, claimed, self.question.comments)

    def _lemma(self, positions: tuple[int, int], one: Wire, other: Wire, number: int) -> Lemma:
        circuit, name = self.question.circuit, f"{self.question.name}.{number}"
        whole = circuit.equal(one, other)
        shared = {id(wire) for wire in in_order([one]) if wire.gate in _ARITHMETIC}
        shared &= {id(wire) for wire in in_order([other])}
        parts = _cut(circuit, whole, shared)
        narrow, wide = (
            Question(name, circuit, self.question.assumed, claimed) for claimed in (parts, whole)
        )
        return Lemma(positions, narrow, wide)

    def _signatures(self) -> list[tuple[bytes, int | None]]:
        """Return every wire's values on the numbers, and its value if all are equal."""
        columns = {name: each.astype(self._exact) for name, each in self.numbers.items()}
        count = len(next(iter(columns.values()), np.zeros(1)))
        signatures = []
        for wire, values in zip(self.order, run(self.order, columns), strict=True):
            row = np.broadcast_to(np.asarray(values), (count,))
            same = bool((row == row[0]).all())
            text = ",".join(map(str, row)).encode() if wire.bits else row.astype(bool).tobytes()
            signatures.append((text, int(row[0]) if same else None))
        return signatures


def _cut(circuit: Circuit, claimed: Wire, shared: set[int]) -> Wire:
    """Return a claim in which shared wires are free numbers."""
    new: dict[int, Wire] = {}
    count = 0
    pending = [(claimed, False)]
    while pending:
        wire, ready = pending.pop()
        if id(wire) in new:
            continue
        if id(wire) in shared:
            new[id(wire)] = circuit.variable(f"shared.{count}", wire.bits)
            count += 1
        elif ready or not wire.args:
            new[id(wire)] = circuit.again(wire, tuple(new[id(arg)] for arg in wire.args))
        else:
            pending.append((wire, True))
            pending += [(arg, False) for arg in reversed(wire.args)]
    return new[id(claimed)]
