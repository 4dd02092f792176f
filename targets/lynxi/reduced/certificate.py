"""The exactness of floats of a width: the levels that can be proved for a layer.

The sum of integers is exact in every order, and in any accumulator, while no partial sum can exceed
2 to the bits of the significand: 11 in float16, 24 in float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

HALF_LIMIT = 1 << 11
SINGLE_LIMIT = 1 << 24
_LARGEST_HALF = 65504.0


# The unit of numbers beyond float16's range, applied as often as necessary.
UNIT = 4096.0
_MOST_TERMS = 3


@dataclass(frozen=True, eq=False)
class Float16Term:
    """Part of a constant: float16 numbers times a power of 4096."""

    numbers: NDArray[np.float16]
    power: int

    def value(self) -> NDArray[np.float64]:
        """Return the value of the term."""
        return np.asarray(self.numbers.astype(np.float64) * UNIT**self.power)


class Level(StrEnum):
    """The proved level of exactness of a layer."""

    # In float16, accumulators of float16 included.
    L0 = "L0"
    # In float32.
    L1 = "L1"


@dataclass(frozen=True)
class Certificate:
    """The largest magnitude that any value or partial sum of a layer can have, in any order."""

    bound: int
    # Whether every constant is one float16.
    half_constants: bool = True

    @property
    def fits(self) -> bool:
        """Whether floats hold every value exactly."""
        return self.bound <= SINGLE_LIMIT

    @property
    def level(self) -> Level:
        """The level that this proves, if the values fit."""
        return Level.L1 if self.bound > HALF_LIMIT or not self.half_constants else Level.L0

    @property
    def single(self) -> bool:
        """Whether the layer is computed in float32."""
        return self.level != Level.L0

    def to_json(self) -> dict[str, Any]:
        """Return the certificate as plain data."""
        return {
            "bound": self.bound,
            "level": self.level.value,
            "arithmetic": "float32" if self.single else "float16",
        }


def is_half(values: NDArray[Any]) -> bool:
    """Return whether every value is a float16."""
    is_integer = values.dtype.kind in "iu" and values.size > 0
    if is_integer and values.min() >= -HALF_LIMIT and values.max() <= HALF_LIMIT:
        # Weights nearly always are, and this avoids copies of large ones.
        return True
    numbers = np.asarray(values, dtype=np.float64)
    if (np.abs(numbers) > _LARGEST_HALF).any():
        return False
    return bool((numbers.astype(np.float16).astype(np.float64) == numbers).all())


def terms(values: NDArray[Any]) -> tuple[Float16Term, ...]:
    """Return the values as a sum of float16 numbers, each times a power of 4096.

    Three hold every multiple of a half up to 2^24 exactly, and most of what a float32 is.
    """
    if is_half(values):
        # Large layers nearly always need one term.
        return (Float16Term(np.asarray(values, dtype=np.float16), 0),)
    rest = np.asarray(values, dtype=np.float64)
    parts: list[Float16Term] = []
    while not parts or (rest.any() and len(parts) < _MOST_TERMS):
        power = 0
        while np.abs(rest).max(initial=0) > _LARGEST_HALF * UNIT**power:
            power += 1
        term = Float16Term(np.asarray(rest / UNIT**power, dtype=np.float16), power)
        rest = rest - term.value()
        parts.append(term)
    return tuple(parts)


def is_exact(values: NDArray[Any]) -> bool:
    """Return whether the terms of the values are exact."""
    total = sum((term.value() for term in terms(values)), np.float64(0))
    return bool((total == np.asarray(values, dtype=np.float64)).all())
