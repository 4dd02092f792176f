"""The formats that belong to no chip: plain integers of every width, and leaks by shifts."""

from __future__ import annotations

from functools import lru_cache

from quant.grid.formats import ChipFormat, Decays, Grid
from snncore.dynamics import Format, NumberSystem, Rounding
from snncore.dynamics.zoo.spiking import Reset

# What follows the name of a format for layers that read an encoder's integers.
GRADED = ".graded"
_WHOLE = ("threshold", "bias", "rest")
_LEAKS = ("current_decay", "voltage_decay", "decay")


def one_width(name: str, state: Format, decays: Decays) -> NumberSystem:
    """Return a number system with one format for every state, which rounds products down."""
    fractions = [(key, decays.bits) for key in _LEAKS] + [(key, 0) for key in _WHOLE]
    states = (("u", state), ("v", state))
    return NumberSystem(name, states, tuple(fractions), rounding=Rounding.FLOOR)


def _shift_decay() -> ChipFormat:
    """Return sixteen-bit states that leak by a shift, with a soft reset."""
    decays = Decays(15, shifts=True)
    return ChipFormat(
        name="shift16",
        weights=Grid(-128, 127),
        thresholds=Grid(1, (1 << 15) - 1),
        biases=Grid(-(1 << 15), (1 << 15) - 1),
        decays=decays,
        system=one_width("shift16", Format(16, 0, symmetric=False), decays),
        exponent=-6,
        neurons=("IF", "LIF", "LeakyIntegrator"),
        resets=(Reset.SOFT,),
        per_channel=False,
    )


SHIFT = _shift_decay()


@lru_cache
def integer_format(bits: int, graded: bool = False) -> ChipFormat:
    """Return symmetric weights of `bits` bits, with states that every processor holds exactly.

    States of 16 bits leave too little of weights that read an encoder's integers: `graded` ones
    always have 24.

    Raises:
        ValueError: if the bits are not 2 to 16.
    """
    if type(bits) is not int or not 2 <= bits <= 16:
        raise ValueError(f"int({bits}): weights have 2 to 16 bits")
    largest, width = (1 << (bits - 1)) - 1, 16 if bits <= 8 and not graded else 24
    state = (1 << (width - 1)) - 1
    decays = Decays(8)
    return ChipFormat(
        name=f"int{bits}{GRADED if graded else ''}",
        weights=Grid(-largest, largest),
        thresholds=Grid(1, state),
        biases=Grid(-state, state),
        decays=decays,
        system=one_width(f"int{width}", Format(width, 0), decays),
        exponent=2 - bits,
        neurons=("IF", "LIF", "CubaLIF", "Defined", "LeakyIntegrator"),
        strict=False,
    )
