"""Formats as data: the grids that a chip's weights, thresholds, biases and decays lie on."""

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
    """Integers from `minimum` to `maximum`, every `step`-th of them."""

    minimum: int
    maximum: int
    step: int = 1

    def __post_init__(self) -> None:
        if not (self.step >= 1 and self.minimum < self.maximum):
            raise ValueError(f"no grid from {self.minimum} to {self.maximum} by {self.step}")


@dataclass(frozen=True)
class Decays:
    """Multiples of 2**-bits from 0 to 1; with `shifts`, of these the powers of two, and 0."""

    bits: int
    shifts: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.bits <= 16:
            raise ValueError(f"a decay has 0 to 16 bits, not {self.bits}")


@dataclass(frozen=True)
class ChipFormat:
    """How a chip writes a network: one unit is 2**exponent of the numbers of training."""

    name: str
    weights: Grid
    thresholds: Grid
    biases: Grid
    decays: Decays
    # The widths, the rounding and the overflow of the states.
    system: NumberSystem
    # What a unit is where nothing else is said, and what it may be.
    exponent: int
    exponents: Grid = Grid(-_LARGEST_EXPONENT, _LARGEST_EXPONENT)
    neurons: tuple[str, ...] = ("IF", "LIF")
    resets: tuple[Reset, ...] = (Reset.HARD, Reset.SOFT)
    # Whether a neuron fires above its threshold only, or at it.
    strict: bool = False
    # Whether each output channel may have a unit of its own.
    per_channel: bool = True
    # The largest sum of a neuron's weights of one sign, where sums of spikes must stay small.
    fan_in: int | None = None
    # The widths of what dense weights and kernels add up in.
    dense_bits: int = 32
    kernel_bits: int = 32

    def exponent_or(self, exponent: int | None) -> int:
        """The exponent that is given, or the usual one.

        Raises:
            ValueError: if it is none that this format, or floats, can carry.
        """
        if exponent is None:
            return self.exponent
        low, high = self.exponents.minimum, self.exponents.maximum
        if type(exponent) is not int or not low <= exponent <= high:
            raise ValueError(f"exponent: {exponent!r} is no integer from {low} to {high}")
        return exponent

    def require_neuron(self, name: str) -> None:
        """Nothing if the chip has neurons of this name.

        Raises:
            ValueError: if it has not; lists those it has.
        """
        if name not in self.neurons:
            known = ", ".join(f"quant.{kind}" for kind in self.neurons)
            raise ValueError(f"{name}: {self.name} has no such neuron; it has {known}")

    def to_json(self) -> dict[str, Any]:
        """Plain data that `from_json` turns back into an equal format."""
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
        """A format read from plain data.

        Raises:
            ValueError: if the data describe none.
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
    """The exponent of a scale that is a power of two.

    Raises:
        ValueError: if it is none; names the nearest that are.
    """
    mantissa, exponent = frexp(scale) if isfinite(scale) else (0.0, 0)
    if mantissa != 0.5:
        near = f" (take 2^{exponent - 1} or 2^{exponent})" if mantissa > 0 else ""
        raise ValueError(
            f"scale: {float(scale)} is no power of two, and sums need one to be exact{near}"
        )
    return exponent - 1
