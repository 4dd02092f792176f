"""Torch imported where no Ctrl-C can hurt it."""

from __future__ import annotations

from importlib import import_module


def load_torch() -> None:
    """Import torch; a Ctrl-C waits, for in the midst of it torch would end with a core dump."""
    from neurodeploy.sandbox.process.interrupts import interrupts_deferred

    with interrupts_deferred():
        import_module("torch")
