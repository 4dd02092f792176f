"""Formats as data: the grid that a chip's weights, thresholds and biases lie on."""

from __future__ import annotations

from dataclasses import dataclass

from snncore.dynamics import LOIHI, NumberSystem

# Sums of weights times this power of two are still exact in float32.
_LARGEST_EXPONENT = 64


@dataclass(frozen=True)
class Grid:
    """Integers from `minimum` to `maximum`, every `step`-th of them."""

    minimum: int
    maximum: int
    step: int = 1

    def __post_init__(self) -> None:
        if not (self.step >= 1 and self.minimum < self.maximum):
            raise ValueError(f"no grid from {self.minimum} to {self.maximum} by {self.step}")


@dataclass(frozen=True)
class ChipFormat:
    """How a chip writes a network: one unit is 2**exponent of the numbers of training."""

    name: str
    weights: Grid
    thresholds: Grid
    biases: Grid
    system: NumberSystem
    exponent: int

    def exponent_or(self, exponent: int | None) -> int:
        """The exponent that is given, or the usual one.

        Raises:
            ValueError: if it is none that floats can carry.
        """
        if exponent is None:
            return self.exponent
        if type(exponent) is not int or abs(exponent) > _LARGEST_EXPONENT:
            raise ValueError(f"exponent: {exponent!r} is no integer up to {_LARGEST_EXPONENT}")
        return exponent


# Eight bits with a sign cost one bit of precision, so the weights are even.
LOIHI_FORMAT = ChipFormat(
    name="loihi",
    weights=Grid(-256, 254, 2),
    thresholds=Grid(0, (1 << 17) - 1),
    biases=Grid(-(1 << 12), (1 << 12) - 1),
    system=LOIHI,
    exponent=-6,
)

_FORMATS = {"loihi": LOIHI_FORMAT}


def chip_format(name: str) -> ChipFormat:
    """The format of a chip by its name.

    Raises:
        ValueError: if there is none of that name; lists those there are.
    """
    if name not in _FORMATS:
        raise ValueError(f"no format {name!r}; there are {', '.join(_FORMATS)}")
    return _FORMATS[name]
