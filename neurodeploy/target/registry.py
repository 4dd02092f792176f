"""The installed targets, found by entry points."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import entry_points

from neurodeploy.errors import (
    UnknownNameError,
)
from neurodeploy.target.plugin import guarded
from neurodeploy.target.protocol import Target

GROUP = "neurodeploy.targets"


@lru_cache(maxsize=1)
def targets() -> Mapping[str, Target]:
    """Return every installed target by name; a broken one is a warning that names it.

    A mistake of a third party's target raises a `PluginError` that names its package.

    Examples:
        >>> nd.targets()["loihi"].name
        'loihi'
    """
    installed: dict[str, Target] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        try:
            loaded = guarded(entry.load(), entry)
        # A third party's package may raise anything, and even exit.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            warnings.warn(f"target {entry.name} is broken: {error!r}", stacklevel=2)
            continue
        if isinstance(loaded, Target):
            installed[entry.name] = loaded
        else:
            warnings.warn(f"target {entry.name} is broken: it is not a Target", stacklevel=2)
    return installed


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
