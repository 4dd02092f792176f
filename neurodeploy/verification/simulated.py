"""The links to simulators: the selected simulators, and their traces of the artifact."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from neurodeploy.artifact import Artifact
from neurodeploy.errors import SimulatorError, SimulatorScopeError
from neurodeploy.report import Link, Status
from neurodeploy.target import (
    ChoosesSimulators,
    Simulation,
    Target,
    chosen_simulator,
)
from neurodeploy.trace import Trace

# The words for all of a target's simulators, and for none.
ALL, NONE = "all", "none"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class RunOutcome:
    """A link, and the trace that was compared with the reference."""

    link: Link
    trace: Trace | None = None
    # The simulator says that it does not know what the network needs.
    beyond: bool = False


class Judged(Protocol):
    """A network that simulators are compared with."""

    @property
    def reference(self) -> str:
        """The name of the trace in links."""

    @property
    def trace(self) -> Trace:
        """The trace that defines what is right."""

    def runs(
        self, chip: Target, artifact: Artifact, simulator: str, simulation: Simulation
    ) -> tuple[Trace, Trace]:
        """Return the trace that is right and the simulator's, of one run."""

    def finished(self, trace: Trace) -> Trace:
        """Return a trace with what the host adds to it."""

    def compare(self, name: str, expected: Trace, got: Trace, seconds: float) -> Link:
        """Return the link between two traces."""


def require_simulator(chip: Target, name: str | None) -> None:
    """Check that the target has the simulator; None, "none" and "all" are always valid.

    Raises:
        UnknownNameError: if it does not; lists its simulators.
    """
    if name is not None:
        chosen_simulator(chip, name, ALL, NONE)


def simulated(
    chip: Target, artifact: Artifact, meaning: Judged, name: str | None, simulation: Simulation
) -> list[RunOutcome]:
    """Return one outcome for each selected simulator.

    Raises:
        UnknownNameError: if there is no simulator of that name.
    """
    require_simulator(chip, name)
    if name == NONE or not chip.simulators:
        reason = "left out by request" if name == NONE else f"{chip.name} has no simulator"
        link = Link(f"{meaning.reference} = simulator", Status.NOT_RUN, reason=reason)
        return [RunOutcome(replace(link, requested=False))]
    outcomes = [
        _run(chip, artifact, meaning, each, simulation) for each in requested_simulators(chip, name)
    ]
    return [_excused(outcome, several=len(outcomes) > 1) for outcome in outcomes]


def requested_simulators(chip: Target, name: str | None) -> tuple[str, ...]:
    """Return the names of the simulators to run; a target may state its defaults.

    Raises:
        UnknownNameError: if there is no simulator of that name.
    """
    require_simulator(chip, name)
    if name == ALL:
        return tuple(chip.simulators)
    if name is not None:
        return () if name == NONE else (name,)
    if isinstance(chip, ChoosesSimulators):
        return chip.default_simulators
    return tuple(chip.simulators)[:1]


def _excused(outcome: RunOutcome, *, several: bool) -> RunOutcome:
    """Return the outcome, unless one of several simulators does not support the network."""
    if several and outcome.beyond:
        return replace(outcome, link=replace(outcome.link, requested=False))
    return outcome


def _run(
    chip: Target, artifact: Artifact, meaning: Judged, simulator: str, simulation: Simulation
) -> RunOutcome:
    name = f"{meaning.reference} = {simulator}"
    if simulation.progress is not None:
        simulation.progress(f"simulator {simulator}")
    started = time.perf_counter()
    try:
        expected, simulated = meaning.runs(chip, artifact, simulator, simulation)
    except SimulatorError as error:
        failed = Link(name, Status.NOT_RUN, log=error.log, reason=error.message)
        beyond = isinstance(error, SimulatorScopeError)
        link = replace(failed, remedy=error.remedy, beyond=beyond)
        return RunOutcome(link, beyond=beyond)
    seconds, is_whole = time.perf_counter() - started, expected is meaning.trace
    expected, simulated = meaning.finished(expected), meaning.finished(simulated)
    shown, count = len(simulated.layers), len(expected.layers)
    if shown != count:
        reason = f"{simulator} shows {shown} layers of {count}"
        return RunOutcome(Link(name, Status.DIFFERS, seconds=seconds, reason=reason))
    # A simulator identifies layers by position, as the file does.
    layers = {layer: simulated[other] for layer, other in zip(expected, simulated, strict=True)}
    renamed = replace(expected, layers=layers)
    link = _with_scope(meaning.compare(name, expected, renamed, seconds), renamed, simulator)
    # Accuracies count only for a run of the samples themselves.
    return RunOutcome(link, renamed if is_whole else None)


def _with_scope(link: Link, trace: Trace, simulator: str) -> Link:
    """Return the link, which says so if the simulator showed nothing of what layers send."""
    shown = {name for layer in trace.layers.values() for name in layer.values}
    if link.status != Status.EQUAL or "s" in shown:
        return link
    words = f"{simulator} does not compute the spikes of this network"
    return replace(link, reason=f"{words}: of each layer, the {', '.join(sorted(shown))} agrees")
