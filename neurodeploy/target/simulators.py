"""The one place that knows a simulator by its name, or says that there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from neurodeploy.errors import UnknownNameError


class HasSimulators(Protocol):
    """The part of a target that matters here: its name, and its simulators by name."""

    @property
    def name(self) -> str:
        """The target's name."""

    @property
    def simulators(self) -> Mapping[str, object]:
        """The simulators, the one that runs by default first."""


def chosen_simulator(chip: HasSimulators, name: str | None, *words: str) -> str:
    """Return the simulator's name, the target's first unless one is named; or one of the words.

    Raises:
        UnknownNameError: if the target has no such simulator; lists those it has.
    """
    if name is None and chip.simulators:
        return next(iter(chip.simulators))
    if name is None or name not in (*chip.simulators, *words):
        listed = ", ".join([*chip.simulators, *words]) or "none"
        raise UnknownNameError(f"no simulator {name!r} for {chip.name}; there are: {listed}")
    return name
