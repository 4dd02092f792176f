"""The simulators that a verification needs, installed before it."""

from __future__ import annotations

from collections.abc import Callable

from neurodeploy.sandbox import Environment, install
from neurodeploy.target import Target
from neurodeploy.verification import requested_simulators


def install_simulators(
    chip: Target, simulator: str | None, progress: Callable[[str], None] | None = None
) -> None:
    """Install the simulators that will run for a target; those that are installed stay.

    Raises:
        SimulatorError: if one cannot be installed.
        UnknownNameError: if the target has no such simulator.
    """
    for name in requested_simulators(chip, simulator):
        environment = chip.simulators.get(name)
        if isinstance(environment, Environment):
            install(environment, progress=progress)
