"""Formats as data: the grids of a chip's weights, thresholds, biases and decays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import frexp, isfinite
from typing import Any

from snncore.dynamics import NumberSystem
from snncore.dynamics.zoo.spiking import Reset

# Sums of weights times this power of two are still exact in float32.
_LARGEST_EXPONENT = 64


@dataclass(frozen=True)
class Grid:
    """The integers from `minimum` to `maximum` in steps of `step`."""

    minimum: int
    maximum: int
    step: int = 1

    def __post_init__(self) -> None:
        if not (self.step >= 1 and self.minimum < self.maximum):
            raise ValueError(f"no grid from {self.minimum} to {self.maximum} by {self.step}")


@dataclass(frozen=True)
class Decays:
    """Multiples of 2**-bits from 0 to 1; with `shifts`, only 0 and the powers of two."""

    bits: int
    shifts: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.bits <= 16:
            raise ValueError(f"a decay has 0 to 16 bits, not {self.bits}")


@dataclass(frozen=True)
class ChipFormat:
    """A chip's numbers: one unit is 2**exponent of the numbers of training."""

    name: str
    weights: Grid
    thresholds: Grid
    biases: Grid
    decays: Decays
    # The widths, the rounding and the overflow of the states.
    system: NumberSystem
    # The default exponent of a unit, and the permitted ones.
    exponent: int
    exponents: Grid = Grid(-_LARGEST_EXPONENT, _LARGEST_EXPONENT)
    neurons: tuple[str, ...] = ("IF", "LIF")
    resets: tuple[Reset, ...] = (Reset.HARD, Reset.SOFT)
    # Whether a neuron fires only above its threshold, not at it.
    strict: bool = False
    # Whether each output channel may have its own unit.
    per_channel: bool = True
    # The largest sum of a neuron's weights of one sign, for chips with small sums of spikes.
    fan_in: int | None = None
    # The bits of the widest state that the chip's numbers hold, where that is a limit.
    widest: int | None = None
    # The widths of the accumulators of dense weights and of kernels.
    dense_bits: int = 32
    kernel_bits: int = 32

    def exponent_or(self, exponent: int | None) -> int:
        """Return the given exponent, or the default one.

        Raises:
            ValueError: if this format, or floats, cannot represent it.
        """
        if exponent is None:
            return self.exponent
        low, high = self.exponents.minimum, self.exponents.maximum
        if type(exponent) is not int or not low <= exponent <= high:
            raise ValueError(f"exponent: {exponent!r} is not an integer from {low} to {high}")
        return exponent

    def require_neuron(self, name: str) -> None:
        """Check that the chip has neurons of this name.

        Raises:
            ValueError: if it does not; lists those it has.
        """
        if name not in self.neurons:
            kinds = ", ".join(f"quant.{kind}" for kind in self.neurons)
            raise ValueError(f"{name}: {self.name} has no such neuron; it has {kinds}")

    def to_json(self) -> dict[str, Any]:
        """Return plain data that `from_json` turns back into an equal format."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name, value in fields.items():
            if isinstance(value, Grid | Decays):
                fields[name] = asdict(value)
        fields["system"] = self.system.to_json()
        fields["neurons"] = list(self.neurons)
        fields["resets"] = [reset.value for reset in self.resets]
        return fields

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ChipFormat:
        """Return a format read from plain data.

        Raises:
            ValueError: if the data do not describe one.
        """
        try:
            fields = dict(data)
            for name in ("weights", "thresholds", "biases", "exponents"):
                fields[name] = Grid(**fields[name])
            fields["decays"] = Decays(**fields["decays"])
            fields["system"] = NumberSystem.from_json(fields["system"])
            fields["neurons"] = tuple(str(kind) for kind in fields["neurons"])
            fields["resets"] = tuple(Reset(reset) for reset in fields["resets"])
            return cls(**fields)
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"not a chip's format: {error}") from error


def unit_exponent(scale: float) -> int:
    """Return the exponent of a scale that is a power of two.

    Raises:
        ValueError: if it is not one; names the nearest powers of two.
    """
    mantissa, exponent = frexp(scale) if isfinite(scale) else (0.0, 0)
    if mantissa != 0.5:
        near = f" (take 2^{exponent - 1} or 2^{exponent})" if mantissa > 0 else ""
        raise ValueError(
            f"scale: {float(scale)} is not a power of two, and sums need one to be exact{near}"
        )
    return exponent - 1
