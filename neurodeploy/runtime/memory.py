"""Everything that a session remembers between two steps, the same for every engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import SamplesError
from neurodeploy.program import Program
from neurodeploy.program.ranges import ranges
from snncore.dynamics.arithmetic.interval import ZERO, Interval

Integers = NDArray[np.int64]
_STEPS = "steps"


@dataclass(frozen=True, eq=False)
class Memory:
    """States by layer, late values by source, and the steps that each stream has taken.

    States are (N, ...), late values (delay, N, ...) with the oldest first, all whole numbers.
    """

    states: Mapping[str, Mapping[str, Integers]]
    late: Mapping[str, Integers]
    steps: Integers

    @classmethod
    def blank(cls, program: Program, streams: int) -> Memory:
        """Return the memory before the first step."""
        zeros = {
            name: np.zeros((streams, *shape), np.int64) for name, shape in program.shapes.items()
        }
        states = {
            node.name: dict.fromkeys(node.equations.states, zeros[node.name])
            for node in program.layers
        }
        late = {
            source: np.zeros((steps, *zeros[source].shape), np.int64)
            for source, steps in program.late_sources.items()
        }
        return cls(states, late, np.zeros(streams, np.int64))

    def arrays(self) -> dict[str, Integers]:
        """Return every array under a name of its own, to be stored with `numpy.savez`."""
        states = {
            f"state/{layer}/{name}": values
            for layer, named in self.states.items()
            for name, values in named.items()
        }
        return {_STEPS: self.steps} | states | {f"late/{k}": v for k, v in self.late.items()}

    @classmethod
    def of_arrays(cls, program: Program, streams: int, arrays: Mapping[str, Any]) -> Memory:
        """Return the memory whose `arrays` these are.

        Raises:
            SamplesError: if an array is missing, does not fit, or is beyond its register.
        """
        blank = cls.blank(program, streams)
        limits = _limits(program)
        checked = {
            name: _checked(name, arrays, like, limits[name])
            for name, like in blank.arrays().items()
        }
        states = {
            layer: {name: checked[f"state/{layer}/{name}"] for name in named}
            for layer, named in blank.states.items()
        }
        late = {source: checked[f"late/{source}"] for source in blank.late}
        return cls(states, late, checked[_STEPS])

    def without(self, streams: Sequence[int]) -> Memory:
        """Return a memory in which these streams have not begun."""
        rows = list(streams)

        def cleared(values: Integers, axis: int = 0) -> Integers:
            copy = values.copy()
            copy[(slice(None),) * axis + (rows,)] = 0
            return copy

        states = {
            layer: {name: cleared(values) for name, values in named.items()}
            for layer, named in self.states.items()
        }
        late = {source: cleared(values, 1) for source, values in self.late.items()}
        return Memory(states, late, cleared(self.steps))


def _limits(program: Program) -> dict[str, Interval]:
    """Return the range of every array of a memory."""
    proved = ranges(program)
    states = {
        f"state/{node.name}/{name}": limits.hull(ZERO)
        for node in program.layers
        for name, limits in proved.layers[node.name].states.items()
    }
    late = {f"late/{name}": proved.values[name].hull(ZERO) for name in program.late_sources}
    return {_STEPS: Interval(0, 1 << 62)} | states | late


def _checked(name: str, arrays: Mapping[str, Any], like: Integers, limits: Interval) -> Integers:
    if name not in arrays:
        raise SamplesError(f"memory: has no {name}", remedy="give what `memory.arrays()` returned")
    values = np.asarray(arrays[name])
    if values.shape != like.shape or values.dtype.kind not in "iu":
        words = f"{values.dtype} {values.shape}, not whole numbers {like.shape}"
        raise SamplesError(f"memory: {name} is {words}")
    if values.size and not limits.low <= values.min() <= values.max() <= limits.high:
        words = f"goes from {values.min()} to {values.max()}, beyond {limits.low}..{limits.high}"
        raise SamplesError(f"memory: {name} {words}")
    return values.astype(np.int64)
