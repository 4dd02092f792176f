"""One trained network, any chip, and the proof that the chip computes what was trained."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# The module of each name, so that a script imports only what it uses: only load and save need
# torch.
_PLACES = {
    "Artifact": ("neurodeploy.artifact", "Artifact"),
    "NeurodeployError": ("neurodeploy.errors", "NeurodeployError"),
    "Program": ("neurodeploy.program", "Program"),
    "RandomSamples": ("neurodeploy.flow.inputs", "RandomSamples"),
    "Report": ("neurodeploy.report", "Report"),
    "Session": ("neurodeploy.runtime", "Session"),
    "Trace": ("neurodeploy.trace", "Trace"),
    "check": ("neurodeploy.flow.pipeline", "check"),
    "convert": ("neurodeploy.flow.conversion", "convert"),
    "export": ("neurodeploy.flow.pipeline", "export"),
    "load": ("neurodeploy.frontend", "load"),
    "lower": ("neurodeploy.flow.pipeline", "lower"),
    "prove": ("neurodeploy.flow.proving", "proved"),
    "read": ("neurodeploy.flow.pipeline", "read"),
    "save": ("neurodeploy.frontend", "save"),
    "simulate": ("neurodeploy.flow.pipeline", "simulate"),
    "targets": ("neurodeploy.target", "targets"),
    "verify": ("neurodeploy.flow.pipeline", "verified"),
}

__all__ = [
    "Artifact",
    "NeurodeployError",
    "Program",
    "RandomSamples",
    "Report",
    "Session",
    "Trace",
    "check",
    "convert",
    "export",
    "load",
    "lower",
    "prove",
    "read",
    "save",
    "simulate",
    "targets",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"neurodeploy has no {name}; it has {', '.join(_PLACES)}")
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return __all__
