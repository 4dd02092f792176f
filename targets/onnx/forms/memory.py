"""The memory of a network between two steps, and the layers that form a loop through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neurodeploy.data.structure import Shape
from snncore.dynamics.arithmetic.interval import ZERO, Interval
from targets.onnx.writing.parts import ProgramPart
from targets.onnx.writing.types import Type

BATCH = "N"


@dataclass(frozen=True)
class Slot:
    """A state of neurons (N, ...), or a layer's last values (steps, N, ...), oldest first."""

    name: str
    layer: str
    type: Type
    shape: Shape
    # How many past steps it holds; none for a state.
    steps: int = 0
    interval: Interval = ZERO

    @property
    def dimensions(self) -> tuple[int | str, ...]:
        """Its shape with the batch's name in it."""
        return (*([self.steps] if self.steps else []), BATCH, *self.shape)


def slots_of(parts: Sequence[ProgramPart]) -> dict[str, Slot]:
    """Return the slots that these parts need to compute a step together, by name."""
    slots: dict[str, Slot] = {}
    for part in parts:
        for state, kind in part.states.items():
            name, reach = f"{part.name}.{state}", part.reach.get(state, ZERO)
            slots[name] = Slot(name, part.name, kind, part.shape, 0, reach)
    longest = delays_within(parts)
    for part in parts:
        if part.name in longest:
            name, steps = past(part.name), longest[part.name]
            reach = part.interval.hull(ZERO)
            slots[name] = Slot(name, part.name, part.type, part.shape, steps, reach)
    return slots


def past(layer: str) -> str:
    """Return the name of the slot that holds a layer's last values."""
    return f"{layer}.past"


def delays_within(parts: Sequence[ProgramPart]) -> Mapping[str, int]:
    """Return the longest delay with which one of these parts reads another."""
    names = {part.name for part in parts}
    longest: dict[str, int] = {}
    for part in parts:
        for edge in part.sources:
            if edge.delay and edge.source in names:
                longest[edge.source] = max(edge.delay, longest.get(edge.source, 0))
    return longest


def components(parts: Sequence[ProgramPart]) -> list[tuple[ProgramPart, ...]]:
    """Return the parts grouped by loops, each group after everything that it reads."""
    return _Search(parts).run()


class _Search:
    """Tarjan's algorithm, which finds a group after all groups that it reads."""

    def __init__(self, parts: Sequence[ProgramPart]) -> None:
        self.parts = {part.name: part for part in parts}
        self.order: dict[str, int] = {}
        self.lowest: dict[str, int] = {}
        self.open: list[str] = []
        self.groups: list[tuple[ProgramPart, ...]] = []

    def run(self) -> list[tuple[ProgramPart, ...]]:
        """Return all groups."""
        for name in self.parts:
            if name not in self.order:
                self._visit(name)
        return self.groups

    def _visit(self, first: str) -> None:
        pending = [(first, iter(self._sources(first)))]
        while pending:
            name, sources = pending[-1]
            if name not in self.order:
                self.order[name] = self.lowest[name] = len(self.order)
                self.open.append(name)
            for source in sources:
                if source not in self.order:
                    pending.append((source, iter(self._sources(source))))
                    break
                if source in self.open:
                    self.lowest[name] = min(self.lowest[name], self.order[source])
            else:
                pending.pop()
                if pending:
                    above = pending[-1][0]
                    self.lowest[above] = min(self.lowest[above], self.lowest[name])
                self._close(name)

    def _close(self, name: str) -> None:
        if self.lowest[name] != self.order[name]:
            return
        position = self.open.index(name)
        group = set(self.open[position:])
        del self.open[position:]
        self.groups.append(tuple(part for part in self.parts.values() if part.name in group))

    def _sources(self, name: str) -> list[str]:
        return [edge.source for edge in self.parts[name].sources]
