"""Golden vectors: of each step of the drawn inputs a hash of all values.

These are the values of every layer, as they stand in memory, and every state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.target.source.vectors import drawn_range, golden_trace, horner, low_words
from neurodeploy.trace import Trace
from targets.c.text.network import Network


@dataclass(frozen=True)
class Vectors:
    """The range of the drawn inputs, and the hash of every step."""

    low: int
    high: int
    hashes: tuple[int, ...]


def vectors(network: Network) -> Vectors:
    """Return a network's golden vectors."""
    low, high = drawn_range(network.program)
    trace = golden_trace(network.program)
    steps = len(trace[network.program.output].s)
    return Vectors(low, high, tuple(_hash(network, trace, step) for step in range(steps)))


def _hash(network: Network, trace: Trace, step: int) -> int:
    """Return the hash of one step, of words of 32 bits."""
    words = []
    for layer in network.layers:
        value, shown = network.memory.values[layer.node.name], trace[layer.node.name].values
        sent = shown["s"][step].reshape(-1)
        words.append(_packed(sent, value.words) if value.is_bits else low_words(sent))
        words += [low_words(shown[state][step].reshape(-1)) for state in layer.step.stored]
    return horner(np.concatenate(words))


def _packed(bits: NDArray[np.int64], words: int) -> NDArray[np.uint32]:
    padded = np.zeros(words * 32, np.uint8)
    padded[: bits.size] = bits
    return np.packbits(padded, bitorder="little").view("<u4").astype(np.uint32)
