"""The way from a user's samples to a network's integers: the reverse of a readout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import ValidationError

# The integers that single precision holds, and the steps that it multiplies by without loss.
_BITS, _POWERS = 24, 64


@dataclass(frozen=True)
class Encoding:
    """The nearest multiple of 2**exponent, in the range `low` to `high` of such multiples.

    Values count in single precision, as networks train on them; a half goes to the even integer.
    """

    exponent: int
    low: int
    high: int

    def __post_init__(self) -> None:
        numbers = (self.exponent, self.low, self.high)
        if any(type(number) is not int for number in numbers):
            raise ValidationError(f"an encoding of {numbers}, which are not whole numbers")
        if not -_POWERS <= self.exponent <= _POWERS:
            raise ValidationError(f"an encoding's step of 2^{self.exponent} is beyond 2^{_POWERS}")
        limit = 1 << _BITS
        if not -limit < self.low < self.high < limit:
            words = f"{self.low}..{self.high} is not a range of {_BITS} bits"
            raise ValidationError(f"an encoding's {words}")

    @property
    def largest(self) -> int:
        """The largest size of an integer."""
        return max(-self.low, self.high)

    def encoded(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Return the integers of finite values."""
        single = values.astype(np.float32).astype(np.float64)
        scaled = np.rint(np.ldexp(single, -self.exponent))
        integers: NDArray[np.int64] = np.clip(scaled, self.low, self.high).astype(np.int64)
        return integers

    def decoded(self, integers: NDArray[Any]) -> NDArray[np.float64]:
        """Return the values that integers stand for, which encode to them again."""
        values: NDArray[np.float64] = np.ldexp(integers.astype(np.float64), self.exponent)
        return values

    def __str__(self) -> str:
        """Return the step and the range, as a program's text has them."""
        return f"2^{self.exponent} * {self.low}..{self.high}"
