"""Engines that take streams through a program one step at a time, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from neurodeploy.errors import UnknownNameError
from neurodeploy.program import Program
from neurodeploy.runtime.memory import Integers, Memory
from neurodeploy.simulator.golden import GoldenRun


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


def _golden(program: Program, streams: int) -> Stepper:
    return GoldenStepper(program, streams)


def _fast(program: Program, streams: int) -> Stepper:
    # Only this engine imports torch.
    from neurodeploy.runtime.fast import FastStepper

    return FastStepper(program, streams)


_ENGINES: dict[str, Callable[[Program, int], Stepper]] = {"golden": _golden, "fast": _fast}


def stepper(name: str, program: Program, streams: int) -> Stepper:
    """Return an engine before its first step.

    Raises:
        UnknownNameError: if no engine of that name runs step by step.
    """
    if name not in _ENGINES:
        raise UnknownNameError(
            f"no engine {name} runs live; there are {', '.join(_ENGINES)}",
            remedy="neurodeploy.simulate and neurodeploy run take whole samples through simulators",
        )
    return _ENGINES[name](program, streams)
