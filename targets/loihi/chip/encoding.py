"""The layout of synapses in a core's memory, and its size in bits."""

from __future__ import annotations

import numpy as np

from neurodeploy.program import Integers, NarrowIntegers

# The widths in which the chip can store a weight and an index.
_WEIGHT_BITS = (1, 2, 3, 4, 5, 6, 8)
_INDEX_BITS = (6, 7, 8, 9, 10, 11, 12)
# An axon's synapses come in blocks; each has a header and ends on a 64-bit word.
_BLOCK, _HEADER, _WORD = 64, 4 + 6, 64


def weight_bits(weight: NarrowIntegers) -> int:
    """Return the bits of this layer's weights without their exponent; 9 if 8 do not suffice."""
    # A number and its negative end in the same number of zeros.
    used = int(np.bitwise_or.reduce(weight, axis=None))
    zeros = max((used & -used).bit_length() - 1, 0)
    low, high = int(weight.min()) >> zeros, int(weight.max()) >> zeros
    signed = low < 0 < high
    magnitude = max(-low - 1 if signed else -low, high).bit_length()
    return next((bits for bits in _WEIGHT_BITS if bits >= magnitude + int(signed)), 9)


def index_bits(neurons: int) -> int:
    """Return the bits of an index among so many neurons."""
    return next(bits for bits in _INDEX_BITS if 1 << bits >= min(neurons, 1 << _INDEX_BITS[-1]))


def axon_bits(synapses: Integers, each: int) -> int:
    """Return the memory of axons with this many synapses of this many bits each."""
    blocks, rest = synapses // _BLOCK, synapses % _BLOCK
    full = blocks * _words(np.array(_BLOCK), each)
    return int((full + np.where(rest > 0, _words(rest, each), 0)).sum()) * _WORD


def _words(synapses: Integers, each: int) -> Integers:
    return -(-(synapses * each + _HEADER) // _WORD)
