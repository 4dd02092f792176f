"""Number systems: a chip's arithmetic, apart from any neuron's equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from snncore.dynamics.check import check_names, is_whole


class Rounding(StrEnum):
    """The treatment of a product's excess bits."""

    TO_ZERO = "to_zero"
    FLOOR = "floor"


class Overflow(StrEnum):
    """The treatment of a state that exceeds its width."""

    SATURATE = "saturate"
    WRAP = "wrap"
    # Adds or subtracts the range a single time, as the chip's comparators do.
    WRAP_ONCE = "wrap_once"


@dataclass(frozen=True)
class Format:
    """A fixed-point format: width, how many of the bits are fraction, and its end."""

    bits: int
    fraction: int
    overflow: Overflow = Overflow.SATURATE
    symmetric: bool = True

    def __post_init__(self) -> None:
        if not is_whole(self.bits, 2, 62):
            raise ValueError(f"a format has 2 to 62 bits, not {self.bits}")
        if not is_whole(self.fraction, 0, 31):
            raise ValueError(f"a format has 0 to 31 bits of fraction, not {self.fraction}")

    @property
    def limits(self) -> tuple[int, int]:
        """The smallest and the largest integer."""
        half = 1 << (self.bits - 1)
        return (1 - half if self.symmetric else -half), half - 1


@dataclass(frozen=True)
class NumberSystem:
    """A chip's arithmetic: a format for every state, a fraction for every parameter and input."""

    name: str
    states: tuple[tuple[str, Format], ...]
    parameters: tuple[tuple[str, int], ...]
    input_fraction: int = 0
    rounding: Rounding = Rounding.TO_ZERO
    carrier_bits: int = 32
    # What a neuron sends is a whole number, unless a readout shows its state's fraction.
    output_fraction: int = 0

    def __post_init__(self) -> None:
        check_names(name for name, _ in self.states)
        check_names(name for name, _ in self.parameters)
        if not self.states:
            raise ValueError(f"the number system {self.name} has no states")
        ends = (self.input_fraction, self.output_fraction)
        for fraction in (*ends, *(fraction for _, fraction in self.parameters)):
            if not is_whole(fraction, 0, 31):
                raise ValueError(f"a value has 0 to 31 bits of fraction, not {fraction}")
        if not is_whole(self.carrier_bits, 2, 62):
            raise ValueError(f"a carrier has 2 to 62 bits, not {self.carrier_bits}")

    def state(self, name: str) -> Format:
        """Return the format of a state.

        Raises:
            ValueError: if this system has none of that name.
        """
        for label, form in self.states:
            if label == name:
                return form
        raise ValueError(f"the number system {self.name} has no state {name}")

    def parameter_fraction(self, name: str) -> int:
        """Return a parameter's number of fraction bits.

        Raises:
            ValueError: if this system has none of that name.
        """
        for label, fraction in self.parameters:
            if label == name:
                return fraction
        raise ValueError(f"the number system {self.name} has no parameter {name}")

    def to_json(self) -> dict[str, Any]:
        """Return plain data that `from_json` turns back into an equal system."""
        # Written only where it is used, so that the hashes of other systems stay.
        shown = {"output_fraction": self.output_fraction} if self.output_fraction else {}
        return shown | {
            "name": self.name,
            "states": [
                [name, form.bits, form.fraction, form.overflow.value, form.symmetric]
                for name, form in self.states
            ],
            "parameters": [list(pair) for pair in self.parameters],
            "input_fraction": self.input_fraction,
            "rounding": self.rounding.value,
            "carrier_bits": self.carrier_bits,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NumberSystem:
        """Read a number system from plain data.

        Raises:
            ValueError: if the data describe none.
        """
        try:
            states = tuple(
                (name, Format(bits, fraction, Overflow(overflow), bool(symmetric)))
                for name, bits, fraction, overflow, symmetric in data["states"]
            )
            return cls(
                str(data["name"]),
                states,
                tuple((name, fraction) for name, fraction in data["parameters"]),
                data["input_fraction"],
                Rounding(data["rounding"]),
                data["carrier_bits"],
                data.get("output_fraction", 0),
            )
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"not a number system: {error}") from error
