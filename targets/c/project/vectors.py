"""Golden vectors: what a network must compute of inputs that a few lines of C draw again.

Inputs come from a linear congruential generator; of each step a hash of all values is kept: what
every layer sends, as it stands in memory, and every state.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from neurodeploy.program import Program, Signal
from neurodeploy.program.remembered import remembered
from neurodeploy.simulator import run_golden
from neurodeploy.trace import Trace
from targets.c.text.network import Network

SEED, MULTIPLIER, INCREMENT = 1, 1664525, 1013904223
PRIME = 16777619
_STEPS = 16
# Weights that golden multiplies in a moment, and no more steps than that.
_PRODUCTS = 20_000_000
_CURRENTS = (-64, 255)


@dataclass(frozen=True)
class Vectors:
    """The range of the drawn inputs, and the hash of every step."""

    low: int
    high: int
    hashes: tuple[int, ...]


def vectors(network: Network) -> Vectors:
    """Return a network's golden vectors."""
    low, high = _drawn_range(network.program)
    trace = _golden(network.program)
    steps = len(trace[network.program.output].s)
    return Vectors(low, high, tuple(_hash(network, trace, step) for step in range(steps)))


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


def _drawn_range(program: Program) -> tuple[int, int]:
    first = program.input
    if first.signal == Signal.SPIKES:
        return 0, 1
    low, high = _CURRENTS
    if first.encoding is not None:
        low, high = max(low, first.encoding.low), min(high, first.encoding.high)
    return min(low, high), max(low, high)


@remembered
def _golden(program: Program) -> Trace:
    """Return the trace of the drawn inputs."""
    size, steps = prod(program.input.shape), _steps(program)
    samples = drawn(steps * size, *_drawn_range(program))
    return run_golden(program, samples.reshape(steps, 1, *program.input.shape))


def _steps(program: Program) -> int:
    shapes = program.shapes
    products = 1 + sum(int(n.fan_out(shapes[n.source.source]).sum()) for n in program.synapses)
    return max(1, min(_STEPS, _PRODUCTS // products))


def _hash(network: Network, trace: Trace, step: int) -> int:
    """Return the hash of one step, of words of 32 bits."""
    words = []
    for layer in network.layers:
        value, shown = network.memory.values[layer.node.name], trace[layer.node.name].values
        sent = shown["s"][step].reshape(-1)
        words.append(_packed(sent, value.words) if value.is_bits else _low(sent))
        words += [_low(shown[state][step].reshape(-1)) for state in layer.step.stored]
    return horner(np.concatenate(words))


def _low(values: NDArray[np.int64]) -> NDArray[np.uint32]:
    return (values & 0xFFFFFFFF).astype(np.uint32)


def _packed(bits: NDArray[np.int64], words: int) -> NDArray[np.uint32]:
    padded = np.zeros(words * 32, np.uint8)
    padded[: bits.size] = bits
    return np.packbits(padded, bitorder="little").view("<u4").astype(np.uint32)


def horner(words: NDArray[np.uint32]) -> int:
    """Return the hash of words: each time the hash so far times a prime, plus the next."""
    powers = np.ones(words.size + 1, np.uint32)
    powers[1:] = PRIME
    powers = np.multiply.accumulate(powers, dtype=np.uint32)[::-1]
    return int((powers[1:].astype(np.uint64) * words).sum() & 0xFFFFFFFF)
