"""Engines that take streams through a program one step at a time, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from neurodeploy.errors import SimulatorScopeError, UnknownNameError
from neurodeploy.program import Program
from neurodeploy.runtime.memory import Integers, Memory
from neurodeploy.simulator.golden import GoldenRun
from neurodeploy.target import LiveRun, RunsLive, targets


class Stepper(Protocol):
    """An engine in the middle of its streams."""

    @property
    def shown(self) -> Mapping[str, Mapping[str, Integers]]:
        """By layer, what it sent in the last step (`s`) and its states after it, (N, ...)."""

    def advance(self, row: Integers) -> None:
        """Take all streams one step on, given the program's integers (N, ...)."""

    def sent(self) -> Integers:
        """Return what the last layer sent in the last step (N, ...)."""

    def memory(self, steps: Integers) -> Memory:
        """Return everything that the next steps depend on."""

    def restore(self, memory: Memory) -> None:
        """Continue from a memory."""

    def close(self) -> None:
        """End what runs beside this process."""


@dataclass
class GoldenStepper:
    """The golden interpreter, step by step."""

    program: Program
    streams: int

    def __post_init__(self) -> None:
        self.run = GoldenRun(self.program, self.streams)

    @property
    def shown(self) -> Mapping[str, Mapping[str, Integers]]:
        """By layer, what it sent in the last step and its states after it."""
        return self.run.shown

    def advance(self, row: Integers) -> None:
        """Take all streams one step on."""
        self.run.advance(row)

    def sent(self) -> Integers:
        """Return what the last layer sent in the last step."""
        return self.run.shown[self.program.output]["s"]

    def memory(self, steps: Integers) -> Memory:
        """Return everything that the next steps depend on."""
        states = {layer: dict(named) for layer, named in self.run.states.items()}
        late = {source: np.stack(values) for source, values in self.run.past.items()}
        return Memory(states, late, steps)

    def restore(self, memory: Memory) -> None:
        """Continue from a memory."""
        self.run.states = {layer: dict(named) for layer, named in memory.states.items()}
        self.run.past = {source: list(values) for source, values in memory.late.items()}
        self.run.shown = {}

    def close(self) -> None:
        """Leave everything to Python: nothing runs beside this process."""


def _golden(program: Program, streams: int) -> Stepper:
    return GoldenStepper(program, streams)


def _fast(program: Program, streams: int) -> Stepper:
    # Only this engine imports torch.
    from neurodeploy.runtime.fast import FastStepper

    return FastStepper(program, streams)


_ENGINES: dict[str, Callable[[Program, int], Stepper]] = {"golden": _golden, "fast": _fast}


class ExternalStepper:
    """A simulator in a process of its own, which keeps its memory to itself."""

    def __init__(self, name: str, run: LiveRun, output: str) -> None:
        self._name, self._run, self._output = name, run, output
        self.shown: Mapping[str, Mapping[str, Integers]] = {}

    def advance(self, row: Integers) -> None:
        """Take all streams one step on."""
        self.shown = self._run.advance(row)

    def sent(self) -> Integers:
        """Return what the last layer sent in the last step."""
        return self.shown[self._output]["s"]

    def memory(self, steps: Integers) -> Memory:
        """Refuse: a simulator shows its layers, and not what is on its way.

        Raises:
            SimulatorScopeError: always.
        """
        raise SimulatorScopeError(
            f"{self._name} keeps its memory to itself", remedy="use the engine golden or fast"
        )

    def restore(self, memory: Memory) -> None:
        """Begin anew, from a memory without a step.

        Raises:
            SimulatorScopeError: if there were steps.
        """
        if memory.steps.any():
            self.memory(memory.steps)
        self._run.reset()
        self.shown = {}

    def close(self) -> None:
        """End the simulator."""
        self._run.close()


def stepper(name: str, program: Program, streams: int) -> Stepper:
    """Return an engine before its first step.

    Raises:
        UnknownNameError: if no engine of that name runs step by step.
        SimulatorError: if a simulator is missing or fails.
    """
    if name in _ENGINES:
        return _ENGINES[name](program, streams)
    live = [chip for chip in targets().values() if isinstance(chip, RunsLive)]
    for chip in live:
        if name in chip.live_simulators:
            return ExternalStepper(name, chip.live(program, name, streams), program.output)
    names = [*_ENGINES, *(name for chip in live for name in chip.live_simulators)]
    raise UnknownNameError(
        f"no engine {name} runs live; there are {', '.join(names)}",
        remedy="neurodeploy.simulate and neurodeploy run take whole samples through simulators",
    )
