"""The memories of a network that a bench shows: what every layer sends, and its states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurodeploy.program import Neuron
from targets.rtl.text.memory import Value
from targets.rtl.text.stages import Stage, State


@dataclass(frozen=True)
class Shown:
    """A RAM whose content a bench reads after every step, in which nd_top is `dut`."""

    layer: str
    key: str
    # The RAM, and the wires of nd_top that write it: `_we`, `_at` and `_new`.
    ram: str
    writer: str
    bits: int
    depth: int
    size: int
    # The register with the first address of this step, if it is not always 0.
    base: str = ""

    @property
    def word(self) -> str:
        """The word at index i, from the RAM itself."""
        return self._word(f"dut.{self.ram}.words")

    @property
    def copied(self) -> str:
        """The word at index i, from a bench's copy of all that was written."""
        return self._word(self.copy)

    @property
    def copy(self) -> str:
        """The name of that copy."""
        return f"{self.writer}_copy"

    def _word(self, words: str) -> str:
        word = f"{words}[{f'dut.{self.base} + ' if self.base else ''}i]"
        return word if self.bits == 1 else f"$signed({word})"


def shown_of(stages: Sequence[Stage]) -> list[Shown]:
    """Return all that a bench reads after one step, in order."""
    rows = []
    for stage in stages:
        if isinstance(stage.node, Neuron):
            rows.append(_sent(stage.node.name, stage.value))
            rows += [_state(stage.node.name, state) for state in stage.states]
    return rows


def _sent(layer: str, value: Value) -> Shown:
    base = value.base if value.slots > 1 else ""
    sizes = (value.bits, value.depth, value.size)
    return Shown(layer, "s", f"{value.name}_0", value.name, *sizes, base)


def _state(layer: str, state: State) -> Shown:
    return Shown(layer, state.key, state.name, state.name, state.bits, state.size, state.size)
