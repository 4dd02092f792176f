"""What Lava's loader and its processes make of what a file holds, modelled to the bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodeploy.program import Integers

# The simulation keeps strides, paddings, dilations, kernels and groups in 8 bits with a sign.
LARGEST_GEOMETRY = 127
# Longer delays are cut down to this, with a warning.
LONGEST_DELAY = 62


@dataclass(frozen=True)
class LoadedWeights:
    """acc = weight @ spikes, then acc >> shift (floor)."""

    weight: Integers
    shift: int


def loaded_weights(weight: Integers) -> LoadedWeights | None:
    """The weights that reach the simulation; None where loading fails (all weights zero)."""
    loaded = loaded_together([weight])
    return None if loaded is None else loaded[0]


def loaded_together(parts: Sequence[Integers]) -> list[LoadedWeights] | None:
    """What becomes of matrices that the loader takes for one; None where loading fails.

    A recurrent layer's two are scaled as one, and the process of each looks at its own signs.
    """
    joined = _clipped_by_loader(np.hstack(parts))
    low, high = int(joined.min()), int(joined.max())
    if low == 0 == high:
        return None
    bits_up = _scale_bits(low, high)
    spare = _common_zeros(joined) - int(low < 0 <= high)
    ends = np.cumsum([part.shape[1] for part in parts])[:-1]
    return [_processed(part, bits_up, spare) for part in np.split(joined, ends, axis=1)]


def _processed(clipped: Integers, bits_up: int, spare: int) -> LoadedWeights:
    """What a process makes of weights that the loader shifts up, with bits to spare."""
    if bits_up < 0:
        return _nothing(clipped)
    weight_bits = 8 - bits_up - spare
    scaled = clipped << bits_up
    # The process looks at the signs again, and calls a matrix without positives inhibitory.
    signed = int(scaled.min()) < 0 < int(scaled.max())
    limited = np.clip(scaled, -256, 255) if signed else np.clip(scaled, -255, 255)
    drop = 8 - weight_bits + int(signed)
    if drop < 0:
        # Odd weights below -128 and none above 0: mixed to the loader, inhibitory to the process.
        return _nothing(clipped)
    kept = _without_low_bits(limited, drop, toward_zero=not signed)
    return _reduced(kept, bits_up)


def _nothing(weight: Integers) -> LoadedWeights:
    """What a shift by a negative number of bits leaves."""
    return LoadedWeights(np.zeros_like(weight), 0)


def _clipped_by_loader(weight: Integers) -> Integers:
    low, high = int(weight.min()), int(weight.max())
    if high > 254 and low < 0:
        weight = np.clip(weight, -256, 254)
        low, high = int(weight.min()), int(weight.max())
    if low < -256 and high > 0:
        weight = np.clip(weight, -256, 254)
    return weight


def _scale_bits(low: int, high: int) -> int:
    """How far the loader shifts the weights up to fill eight bits."""
    if high < 0:
        return _floor_log2(256, -low)
    if low >= 0:
        return _floor_log2(255, high)
    bounds = [_floor_log2(128, -low)] + ([_floor_log2(127, high)] if high > 0 else [])
    return min(bounds) + 1


def _floor_log2(numerator: int, denominator: int) -> int:
    """The floor of log2(numerator / denominator), in integers."""
    result = 0
    while (denominator << (result + 1)) <= numerator:
        result += 1
    while result <= 0 and denominator > (numerator << -result):
        result -= 1
    return result


def _common_zeros(weight: Integers) -> int:
    """How many low bits are zero in every weight, at most eight."""
    used = int(np.bitwise_or.reduce(np.abs(weight), axis=None))
    return min((used & -used).bit_length() - 1, 8)


def _without_low_bits(weight: Integers, bits: int, *, toward_zero: bool) -> Integers:
    down: Integers = (np.abs(weight) if toward_zero else weight) >> bits << bits
    return np.sign(weight) * down if toward_zero else down


def _reduced(weight: Integers, shift: int) -> LoadedWeights:
    """The same sums with the smallest shift."""
    while shift > 0 and not (weight & 1).any():
        weight, shift = weight >> 1, shift - 1
    return LoadedWeights(weight, shift)
