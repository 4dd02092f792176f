"""`neurodeploy --version`."""

from __future__ import annotations

from importlib.metadata import version as version_of

from neurodeploy.cli.outcome import Line, Outcome
from neurodeploy.cli.output import Streams
from neurodeploy.distribution import DISTRIBUTION


def version(output: Streams) -> Outcome:
    """Show the version of this installation."""
    number = version_of(DISTRIBUTION)
    return Outcome({"version": number}, (Line(f"neurodeploy {number}"),))
