"""An import of torch that no Ctrl-C can damage."""

from __future__ import annotations

from importlib import import_module


def load_torch() -> None:
    """Import torch, and delay a Ctrl-C, which would make torch end with a core dump."""
    from neurodeploy.sandbox.process.interrupts import interrupts_deferred

    with interrupts_deferred():
        import_module("torch")
