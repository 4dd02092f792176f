"""The installed targets, found by entry points."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.metadata import entry_points
from typing import Any

from neurodeploy.errors import (
    UnknownNameError,
)
from neurodeploy.target.plugin import guarded
from neurodeploy.target.protocol import KnowsChips, Target

GROUP = "neurodeploy.targets"
# Chips on which networks are placed, and which nothing exports to.
BOARDS = "neurodeploy.boards"


@lru_cache(maxsize=1)
def targets() -> Mapping[str, Target]:
    """Return every installed target by name; a broken one is a warning that names it.

    A mistake of a third party's target raises a `PluginError` that names its package.

    Examples:
        >>> nd.targets()["loihi"].name
        'loihi'
    """
    return {
        name: loaded
        for name, loaded in _installed(GROUP, "target")
        if _is_a(Target, loaded, f"target {name}")
    }


def boards() -> Mapping[str, KnowsChips]:
    """Return by name whatever knows chips: targets, and chips that have no target."""
    of_targets = {name: chip for name, chip in targets().items() if isinstance(chip, KnowsChips)}
    alone = {
        name: loaded
        for name, loaded in _installed(BOARDS, "board")
        if _is_a(KnowsChips, loaded, f"board {name}")
    }
    return alone | of_targets


def board(name: str) -> KnowsChips:
    """Return the chips of that name.

    Raises:
        UnknownNameError: if nothing is known of them; lists those that are.
    """
    named = boards()
    if name not in named:
        raise UnknownNameError(f"no board {name!r} is known; there are: {', '.join(named)}")
    return named[name]


def _installed(group: str, noun: str) -> Iterator[tuple[str, Any]]:
    for entry in sorted(entry_points(group=group), key=lambda e: e.name):
        try:
            yield entry.name, guarded(entry.load(), entry)
        # A third party's package may raise anything, and even exit.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            warnings.warn(f"{noun} {entry.name} is broken: {error!r}", stacklevel=3)


def _is_a(protocol: type, loaded: Any, words: str) -> bool:
    if isinstance(loaded, protocol):
        return True
    name = protocol.__name__
    warnings.warn(f"{words} is broken: it is not a {name}", stacklevel=4)
    return False


def target(name: str) -> Target:
    """Return the target of that name.

    Raises:
        UnknownNameError: if it is not installed; lists those that are.
    """
    installed = targets()
    if name not in installed:
        listed = ", ".join(installed) or "none"
        raise UnknownNameError(f"no target {name!r} is installed; there are: {listed}")
    return installed[name]
