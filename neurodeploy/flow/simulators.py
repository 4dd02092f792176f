"""The simulators that a verification needs, installed before it."""

from __future__ import annotations

from collections.abc import Callable

from neurodeploy.sandbox import Environment, install
from neurodeploy.target import ChoosesSimulators, Target, chosen_simulator


def install_simulators(
    chip: Target, simulator: str | None, progress: Callable[[str], None] | None = None
) -> None:
    """Install the simulators that will run for a target; those that are installed stay.

    Raises:
        SimulatorError: if one cannot be installed.
        UnknownNameError: if the target has no such simulator.
    """
    for name in _names(chip, simulator):
        environment = chip.simulators.get(name)
        if isinstance(environment, Environment):
            install(environment, progress=progress)


def _names(chip: Target, simulator: str | None) -> tuple[str, ...]:
    if simulator is None and isinstance(chip, ChoosesSimulators):
        return chip.default_simulators
    if simulator == "all" or (simulator is None and not chip.simulators):
        return tuple(chip.simulators)
    return (chosen_simulator(chip, simulator, "none"),)
