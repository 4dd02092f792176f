"""Questions to a solver: are there numbers with which something claimed is false?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from snncore.dynamics.bits import smtlib
from snncore.dynamics.bits.circuit import Circuit, Gate, Wire, in_order
from snncore.dynamics.bits.running import run


class Verdict(StrEnum):
    """The answer to a question."""

    # No numbers make the claim false.
    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Answer:
    """A verdict, the numbers that refute the claim, and who gave it how fast."""

    verdict: Verdict
    numbers: Mapping[str, int]
    method: str
    seconds: float
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Question:
    """A claim about all numbers that fulfil the assumptions."""

    name: str
    circuit: Circuit
    assumed: tuple[Wire, ...]
    claimed: Wire
    comments: tuple[str, ...] = ()

    @cached_property
    def text(self) -> str:
        """The question in SMT-LIB: unsatisfiable if the claim holds."""
        doubt = self.circuit.negated(self.claimed)
        return smtlib.script([*self.assumed, doubt], self.comments)

    @cached_property
    def variables(self) -> dict[str, Wire]:
        """The free numbers, by name."""
        wires = in_order([*self.assumed, self.claimed])
        return {str(wire.value): wire for wire in wires if wire.gate == Gate.VARIABLE}

    def is_refuted_by(self, numbers: Mapping[str, int]) -> bool:
        """Return whether these numbers fulfil the assumptions, and not the claim."""
        values = {name: numbers.get(name, 0) for name in self.variables}
        *assumed, claimed = run([*self.assumed, self.claimed], values)
        return all(assumed) and not claimed
