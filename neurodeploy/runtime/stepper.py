"""Engines that take streams through a program one step at a time, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from neurodeploy.errors import SimulatorScopeError, UnknownNameError
from neurodeploy.program import Decoder, Program
from neurodeploy.runtime.memory import Integers, Memory
from neurodeploy.simulator.golden import GoldenRun, neuron_step
from neurodeploy.target import LiveRun, RunsLive, Target, require_fits, restructured, targets


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
    """A simulator that steps by itself, and keeps its memory to itself."""

    def __init__(self, name: str, run: LiveRun, program: Program) -> None:
        self._name, self._run, self._end = name, run, program.by_name[program.output]
        self._sent: Integers = np.zeros(0, np.int64)
        # Of a decoder that the simulator leaves to the host.
        self._states: dict[str, Integers] = {}

    @property
    def shown(self) -> Mapping[str, Mapping[str, Integers]]:
        """By layer, what it sent in the last step and its states after it."""
        layers = dict(self._run.shown)
        if self._states:
            layers[self._end.name] = {"s": self._sent, **self._states}
        return layers

    def advance(self, row: Integers) -> None:
        """Take all streams one step on."""
        self._sent = self._run.advance(row).astype(np.int64)
        end = self._end
        if isinstance(end, Decoder) and end.name not in self._run.shown:
            zeros = np.zeros_like(self._sent)
            states = self._states or dict.fromkeys(end.equations.states, zeros)
            self._states, self._sent = neuron_step(
                end, states, {end.equations.inputs[0]: self._sent}
            )

    def sent(self) -> Integers:
        """Return what the last layer sent in the last step."""
        return self._sent

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
        self._states = {}

    def close(self) -> None:
        """End the simulator."""
        self._run.close()


def stepper(name: str, program: Program, streams: int) -> Stepper:
    """Return an engine before its first step.

    Raises:
        UnknownNameError: if no engine of that name runs step by step.
        DoesNotFitError: if the simulator's target cannot accept the program.
        SimulatorError: if a simulator is missing or fails.
    """
    if name in _ENGINES:
        return _ENGINES[name](program, streams)
    engines = _simulators()
    if name not in engines:
        names = ", ".join([*_ENGINES, *engines])
        raise UnknownNameError(
            f"no engine {name} runs live; there are {names}",
            remedy="neurodeploy.simulate and neurodeploy run take whole samples through simulators",
        )
    chip, simulator = engines[name]
    require_fits(chip.name, chip.check(program))
    run = chip.live(restructured(program, chip), simulator, streams)
    return ExternalStepper(name, run, program)


class _LiveTarget(Target, RunsLive, Protocol):
    """A target whose simulators run live."""


def _simulators() -> dict[str, tuple[_LiveTarget, str]]:
    """Return target and simulator by name; a target's own name stands for its first one."""
    engines: dict[str, tuple[Any, str]] = {}
    for chip in targets().values():
        if isinstance(chip, RunsLive):
            names = chip.live_simulators
            engines |= {chip.name: (chip, names[0])} | {name: (chip, name) for name in names}
    return engines
