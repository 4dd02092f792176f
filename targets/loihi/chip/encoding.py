"""How synapses are laid out in a core's memory, and how many bits that takes."""

from __future__ import annotations

import numpy as np

from neurodeploy.program import Integers, NarrowIntegers

# What the chip can store a weight and an index in.
_WEIGHT_BITS = (1, 2, 3, 4, 5, 6, 8)
_INDEX_BITS = (6, 7, 8, 9, 10, 11, 12)
# An axon's synapses come in blocks; each has a header and ends with a word of 64 bits.
_BLOCK, _HEADER, _WORD = 64, 4 + 6, 64


def weight_bits(weight: NarrowIntegers) -> int:
    """What a weight of this layer takes, its shared exponent left out; 9 where 8 do not hold it."""
    # A number and its negative end in as many zeros.
    used = int(np.bitwise_or.reduce(weight, axis=None))
    zeros = max((used & -used).bit_length() - 1, 0)
    low, high = int(weight.min()) >> zeros, int(weight.max()) >> zeros
    signed = low < 0 < high
    magnitude = max(-low - 1 if signed else -low, high).bit_length()
    return next((bits for bits in _WEIGHT_BITS if bits >= magnitude + int(signed)), 9)


def index_bits(neurons: int) -> int:
    """What the number of one of so many neurons takes."""
    return next(bits for bits in _INDEX_BITS if 1 << bits >= min(neurons, 1 << _INDEX_BITS[-1]))


def axon_bits(synapses: Integers, each: int) -> int:
    """The memory of axons with so many synapses of so many bits each."""
    blocks, rest = synapses // _BLOCK, synapses % _BLOCK
    whole = blocks * _words(np.array(_BLOCK), each)
    return int((whole + np.where(rest > 0, _words(rest, each), 0)).sum()) * _WORD


def _words(synapses: Integers, each: int) -> Integers:
    return -(-(synapses * each + _HEADER) // _WORD)
