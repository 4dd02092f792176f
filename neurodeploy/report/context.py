"""The states around a divergence as a table: a row per state and side, a column per step."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.report.links import Divergence

SIDES = ("expected", "got")


@dataclass(frozen=True)
class ContextRow:
    """One state of the neuron on one side; None for steps that were not recorded."""

    state: str
    side: str
    values: tuple[float | None, ...]
    # Whether the value differs from the other side's.
    differs: tuple[bool, ...]


def context_states(divergence: Divergence) -> list[str]:
    """Return the states that either side shows, in their own order, with spikes last."""
    named = [state for side in SIDES for state in divergence.context.get(side, {})]
    return sorted(dict.fromkeys(named), key=lambda state: state == "s")


def context_rows(divergence: Divergence) -> list[ContextRow]:
    """Return a row for each state and side, with the two sides of a state next to each other."""
    length = len(divergence.context_steps)
    rows = []
    for state in context_states(divergence):
        both = {
            side: _padded(divergence.context.get(side, {}).get(state, ()), length) for side in SIDES
        }
        pairs = list(zip(both["expected"], both["got"], strict=True))
        differs = tuple(None not in (mine, other) and mine != other for mine, other in pairs)
        rows += [
            ContextRow(state, side, both[side], differs) for side in SIDES if _recorded(both[side])
        ]
    return rows


def _recorded(values: tuple[float | None, ...]) -> bool:
    """Return whether anything was recorded."""
    return any(value is not None for value in values)


def _padded(values: tuple[float, ...], length: int) -> tuple[float | None, ...]:
    return (*values[:length], *[None] * (length - len(values)))
