"""Golden vectors: inputs that a few lines of any language draw again, and what golden computes.

Inputs come from a linear congruential generator; values are summed up in a hash of 32 bits.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program import Program, Signal
from neurodeploy.program.remembered import remembered
from neurodeploy.simulator import run_golden
from neurodeploy.trace import Trace

SEED, MULTIPLIER, INCREMENT = 1, 1664525, 1013904223
PRIME = 16777619
_STEPS = 16
# Weights that golden multiplies in a moment, and no more steps than that.
_PRODUCTS = 20_000_000
_CURRENTS = (-64, 255)


def drawn(count: int, low: int, high: int) -> NDArray[np.int64]:
    """Return so many inputs; of spikes one in four is 1."""
    powers = np.full(count + 1, MULTIPLIER, np.uint32)
    powers[0] = 1
    powers = np.multiply.accumulate(powers, dtype=np.uint32).astype(np.uint32)
    # After n draws: the seed times a power, and the increment times the sum of those below it.
    below = np.add.accumulate(powers[:-1], dtype=np.uint32).astype(np.uint32)
    states: NDArray[np.uint32] = powers[1:] * np.uint32(SEED) + below * np.uint32(INCREMENT)
    bits: NDArray[np.int64] = (states >> np.uint32(16)).astype(np.int64)
    values: NDArray[np.int64] = low + bits % (high - low + 1)
    return (bits % 4 == 0).astype(np.int64) if (low, high) == (0, 1) else values


def drawn_range(program: Program) -> tuple[int, int]:
    """Return the range of the inputs that are drawn for a program."""
    first = program.input
    if first.signal == Signal.SPIKES:
        return 0, 1
    low, high = _CURRENTS
    if first.encoding is not None:
        low, high = max(low, first.encoding.low), min(high, first.encoding.high)
    return min(low, high), max(low, high)


def drawn_samples(program: Program) -> NDArray[np.int64]:
    """Return the drawn inputs (T, 1, ...) of a program, few enough for a moment's work."""
    size, steps = prod(program.input.shape), max(1, affordable_steps(program, _STEPS))
    return drawn(steps * size, *drawn_range(program)).reshape(steps, 1, *program.input.shape)


def affordable_steps(program: Program, most: int) -> int:
    """Return how many steps golden computes in a moment: none of a large network."""
    shapes = program.shapes
    products = 1 + sum(int(n.fan_out(shapes[n.source.source]).sum()) for n in program.synapses)
    return min(most, _PRODUCTS // products)


@remembered
def golden_trace(program: Program) -> Trace:
    """Return the trace of the drawn inputs."""
    return run_golden(program, drawn_samples(program))


def low_words(values: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return the lowest 32 bits of values."""
    return (values & 0xFFFFFFFF).astype(np.uint32)


def horner(words: NDArray[np.uint32]) -> int:
    """Return the hash of words: each time the hash so far times a prime, plus the next."""
    powers = np.ones(words.size + 1, np.uint32)
    powers[1:] = PRIME
    powers = np.multiply.accumulate(powers, dtype=np.uint32)[::-1]
    return int((powers[1:].astype(np.uint64) * words).sum() & 0xFFFFFFFF)
