"""The names that a shell completes: targets and simulators."""

from __future__ import annotations


def target_names(incomplete: str) -> list[str]:
    """Return the targets whose names begin so."""
    from neurodeploy.target import targets

    return [name for name in targets() if name.startswith(incomplete)]


def simulator_names(incomplete: str) -> list[str]:
    """Return the simulators whose names begin so."""
    from neurodeploy.target import targets

    names = {name for chip in targets().values() for name in chip.simulators} | {"all", "none"}
    return sorted(name for name in names if name.startswith(incomplete))
