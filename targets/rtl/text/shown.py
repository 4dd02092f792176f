"""The memories of a network that a bench shows: what every layer sends, and its states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurodeploy.program import Neuron
from targets.rtl.text.stages import Stage


@dataclass(frozen=True)
class Shown:
    """A RAM whose content a bench reads after every step."""

    layer: str
    key: str
    # The word at index i, within a bench in which nd_top is `dut`.
    word: str
    size: int


def shown_of(stages: Sequence[Stage]) -> list[Shown]:
    """Return all that a bench reads after one step, in order."""
    rows = []
    for stage in stages:
        if not isinstance(stage.node, Neuron):
            continue
        value = stage.value
        base = f"dut.{value.base} + " if value.slots > 1 else ""
        word = f"dut.{value.name}_0.words[{base}i]"
        word = word if value.is_bit else f"$signed({word})"
        rows.append(Shown(stage.node.name, "s", word, value.size))
        for state in stage.states:
            word = f"$signed(dut.{state.name}.words[i])"
            rows.append(Shown(stage.node.name, state.key, word, state.size))
    return rows
