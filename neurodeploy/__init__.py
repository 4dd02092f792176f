"""One trained network, any chip, and the proof that the chip computes what was trained."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurodeploy.artifact import Artifact as Artifact
    from neurodeploy.errors import NeurodeployError as NeurodeployError
    from neurodeploy.frontend import load as load
    from neurodeploy.frontend import save as save
    from neurodeploy.pipeline import check as check
    from neurodeploy.pipeline import export as export
    from neurodeploy.pipeline import lower as lower
    from neurodeploy.pipeline import read as read
    from neurodeploy.pipeline import simulate as simulate
    from neurodeploy.pipeline import verified as verify
    from neurodeploy.program import Program as Program
    from neurodeploy.report import Report as Report
    from neurodeploy.target import targets as targets
    from neurodeploy.trace import Trace as Trace

# Where each name is, so that a script pays only for what it uses: torch comes with load and save.
_PLACES = {
    "Artifact": ("neurodeploy.artifact", "Artifact"),
    "NeurodeployError": ("neurodeploy.errors", "NeurodeployError"),
    "Program": ("neurodeploy.program", "Program"),
    "Report": ("neurodeploy.report", "Report"),
    "Trace": ("neurodeploy.trace", "Trace"),
    "check": ("neurodeploy.pipeline", "check"),
    "export": ("neurodeploy.pipeline", "export"),
    "load": ("neurodeploy.frontend", "load"),
    "lower": ("neurodeploy.pipeline", "lower"),
    "read": ("neurodeploy.pipeline", "read"),
    "save": ("neurodeploy.frontend", "save"),
    "simulate": ("neurodeploy.pipeline", "simulate"),
    "targets": ("neurodeploy.target", "targets"),
    "verify": ("neurodeploy.pipeline", "verified"),
}

__all__ = [  # noqa: RUF022
    *_PLACES,
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"neurodeploy has no {name}; it has {', '.join(_PLACES)}")
    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)
