"""The fast engine, step by step: compiled where this machine has a compiler."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from neurodeploy.program import Program
from neurodeploy.program.ranges import ranges
from neurodeploy.runtime.memory import Integers, Memory
from neurodeploy.simulator.engine.compiled import Compiled
from neurodeploy.simulator.fast import Engine, FastRun

_CPU = torch.device("cpu")


class FastStepper:
    """The fast engine with chunks of one step."""

    def __init__(self, program: Program, streams: int) -> None:
        accepted = ranges(program).values[program.input.name]
        self._engine = Engine(program, accepted, _CPU, Compiled.ALL, keeps=True)
        self._streams = streams
        self._kept = self._engine.arrays(1, streams, states=True)
        self._run = FastRun(self._engine, streams, self._kept)
        # A first step prepares every layer, and shows the types of late values.
        self.advance(np.zeros((streams, *program.input.shape), np.int64))
        self._kinds = {source: values.dtype for source, values in self._run.past.items()}
        self.restore(Memory.blank(program, streams))

    @property
    def shown(self) -> Mapping[str, Mapping[str, Integers]]:
        """By layer, what it sent in the last step and its states after it."""
        return {
            layer: {name: array[0].numpy().astype(np.int64) for name, array in values.items()}
            for layer, values in self._kept.items()
        }

    @torch.no_grad()
    def advance(self, row: Integers) -> None:
        """Take all streams one step on."""
        # Every step is written over the one before.
        self._run.done = 0
        self._run.advance(torch.from_numpy(row[None]))

    def sent(self) -> Integers:
        """Return what the last layer sent in the last step."""
        last = self._kept[self._engine.program.output]
        return last["s"][0].numpy().astype(np.int64)

    def memory(self, steps: Integers) -> Memory:
        """Return everything that the next steps depend on."""
        shown = self.shown
        states = {
            node.name: {name: shown[node.name][name] for name in node.equations.states}
            for node in self._engine.program.layers
        }
        late = {source: past.numpy().astype(np.int64) for source, past in self._run.past.items()}
        return Memory(states, late, steps)

    def restore(self, memory: Memory) -> None:
        """Continue from a memory."""
        self._run = FastRun(self._engine, self._streams, self._kept)
        for layer, named in memory.states.items():
            values = [torch.from_numpy(array.copy()) for array in named.values()]
            self._run.states[layer] = self._engine.layers[layer].restored(values)
            for name, value in zip(named, values, strict=True):
                self._kept[layer][name][0].copy_(value)
        for source, array in memory.late.items():
            self._run.past[source] = torch.from_numpy(array).to(self._kinds[source])

    def close(self) -> None:
        """Leave everything to Python: nothing runs beside this process."""
