"""A bit-exact model of what Lava's loader and its processes compute from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.narrow import row_pieces
from neurodeploy.program import NarrowIntegers
from targets.loihi.chip.format import FORMAT

# The simulation stores strides, paddings, dilations, kernels and groups as signed bytes.
LARGEST_GEOMETRY = 127
# Longer delays are truncated to this, with a warning.
LONGEST_DELAY = 62
# The range of weights in a layer that has both signs.
_MIXED = FORMAT.weights


@dataclass(frozen=True)
class LoadedWeights:
    """acc = weight @ spikes, then acc >> shift (floor)."""

    weight: NarrowIntegers
    shift: int


def loaded_weights(weight: NarrowIntegers) -> LoadedWeights | None:
    """Return the weights that reach the simulation, or None if loading fails (all zero)."""
    loaded = loaded_together([weight])
    return None if loaded is None else loaded[0]


def loaded_together(parts: Sequence[NarrowIntegers]) -> list[LoadedWeights] | None:
    """Return the result for matrices that the loader treats as one, or None if loading fails.

    A recurrent layer's two are scaled as one, and the process of each looks at its own signs.
    """
    low, high = min(int(part.min()) for part in parts), max(int(part.max()) for part in parts)
    if low < 0 < high and (low < _MIXED.minimum or high > _MIXED.maximum):
        ends = (_MIXED.minimum, _MIXED.maximum)
        parts = [np.clip(part.astype(np.int64), *ends) for part in parts]
        low, high = max(low, _MIXED.minimum), min(high, _MIXED.maximum)
    if low == 0 == high:
        return None
    bits_up = _scale_bits(low, high)
    spare = _common_zeros(parts) - int(low < 0 <= high)
    return [_processed(part, bits_up, spare) for part in parts]


def _processed(clipped: NarrowIntegers, bits_up: int, spare: int) -> LoadedWeights:
    """Return the result of a process for weights that the loader shifts up, with bits to spare."""
    if bits_up < 0:
        return _nothing(clipped)
    weight_bits = 8 - bits_up - spare
    # The process looks at the signs again, and treats a matrix without positives as inhibitory.
    signed = int(clipped.min()) < 0 < int(clipped.max())
    lowest, highest = (-256, 255) if signed else (-255, 255)
    drop = 8 - weight_bits + int(signed)
    if drop < 0:
        # Odd weights below -128 and none above 0: mixed for the loader, inhibitory for the process.
        return _nothing(clipped)
    weights = np.empty(clipped.shape, dtype=np.int16)
    # Process some rows at a time, so that large layers are not copied several times over.
    for rows in row_pieces(clipped):
        # Shifted up, they fill eight bits and a sign.
        limited = np.clip(clipped[rows].astype(np.int16) << bits_up, lowest, highest)
        weights[rows] = _without_low_bits(limited, drop, toward_zero=not signed)
    return _reduced(weights, bits_up)


def _nothing(weight: NarrowIntegers) -> LoadedWeights:
    """Return the result of a shift by a negative number of bits."""
    return LoadedWeights(np.zeros(weight.shape, dtype=np.int16), 0)


def _scale_bits(low: int, high: int) -> int:
    """Return how far the loader shifts the weights up to fill eight bits."""
    if high < 0:
        return _floor_log2(256, -low)
    if low >= 0:
        return _floor_log2(255, high)
    bounds = [_floor_log2(128, -low)] + ([_floor_log2(127, high)] if high > 0 else [])
    return min(bounds) + 1


def _floor_log2(numerator: int, denominator: int) -> int:
    """Return the floor of log2(numerator / denominator), in integers."""
    result = 0
    while (denominator << (result + 1)) <= numerator:
        result += 1
    while result <= 0 and denominator > (numerator << -result):
        result -= 1
    return result


def _common_zeros(parts: Sequence[NarrowIntegers]) -> int:
    """Return how many low bits are zero in every weight, at most eight."""
    used = 0
    for part in parts:
        # A number and its negative end in the same number of zeros.
        used |= int(np.bitwise_or.reduce(part, axis=None))
    return min((used & -used).bit_length() - 1, 8)


def _without_low_bits(
    weight: NDArray[np.int16], bits: int, *, toward_zero: bool
) -> NDArray[np.int16]:
    down = (np.abs(weight) if toward_zero else weight) >> bits << bits
    return np.sign(weight) * down if toward_zero else down


def _reduced(weight: NDArray[np.int16], shift: int) -> LoadedWeights:
    """Return the same sums with the smallest shift."""
    used = int(np.bitwise_or.reduce(weight, axis=None))
    spare = shift if not used else min(shift, (used & -used).bit_length() - 1)
    weight >>= spare
    return LoadedWeights(weight, shift - spare)
