"""The formats that this library knows; a new chip is one more description."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from quant.grid.formats import ChipFormat, Decays, Grid
from snncore.dynamics import LOIHI, Format, NumberSystem, Rounding
from snncore.dynamics.arithmetic.number_system import LOIHI_DRIVEN
from snncore.dynamics.zoo.resonator import LOIHI_RESONATOR
from snncore.dynamics.zoo.spiking import Reset

_WHOLE = ("threshold", "bias", "rest")
_LEAKS = ("current_decay", "voltage_decay", "decay")

# Eight bits with a sign cost one bit of precision, so the weights are even.
LOIHI_FORMAT = ChipFormat(
    name="loihi",
    weights=Grid(-256, 254, 2),
    thresholds=Grid(0, (1 << 17) - 1),
    biases=Grid(-(1 << 12), (1 << 12) - 1),
    decays=Decays(12),
    system=LOIHI,
    exponent=-6,
    neurons=("CubaLIF",),
    resets=(Reset.HARD,),
    strict=True,
    kernel_bits=24,
)


# Of input neurons, for which a host multiplies what is measured by whole numbers.
DRIVEN_FORMAT = replace(
    LOIHI_FORMAT, name="loihi.driven", system=LOIHI_DRIVEN, neurons=("DrivenCubaLIF",)
)
# Of resonators, which a chip with neurons of one's own has.
RESONATOR_FORMAT = replace(
    LOIHI_FORMAT, name="loihi.resonator", system=LOIHI_RESONATOR, neurons=("Resonator",)
)


def _system(
    name: str, state: Format, decays: Decays, rounding: Rounding = Rounding.FLOOR
) -> NumberSystem:
    fractions = [(key, decays.bits) for key in _LEAKS] + [(key, 0) for key in _WHOLE]
    return NumberSystem(name, (("u", state), ("v", state)), tuple(fractions), rounding=rounding)


def _lynxi() -> ChipFormat:
    """Integers that float16 holds: a state, a sum and a bias together stay within 2**11."""
    decays = Decays(7, shifts=True)
    return ChipFormat(
        name="lynxi",
        weights=Grid(-127, 127),
        thresholds=Grid(1, 511),
        biases=Grid(-255, 255),
        decays=decays,
        system=_system("float16", Format(10, 0), decays),
        exponent=-6,
        neurons=("IF", "LIF", "Defined"),
        fan_in=1280,
    )


def _shift_decay() -> ChipFormat:
    """Sixteen-bit states that leak by a shift, with a soft reset."""
    decays = Decays(15, shifts=True)
    return ChipFormat(
        name="shift16",
        weights=Grid(-128, 127),
        thresholds=Grid(1, (1 << 15) - 1),
        biases=Grid(-(1 << 15), (1 << 15) - 1),
        decays=decays,
        system=_system("shift16", Format(16, 0, symmetric=False), decays),
        exponent=-6,
        resets=(Reset.SOFT,),
        per_channel=False,
    )


@lru_cache
def integer_format(bits: int) -> ChipFormat:
    """Symmetric weights of so many bits, and states that every processor holds exactly.

    Raises:
        ValueError: if the bits are not 2 to 16.
    """
    if type(bits) is not int or not 2 <= bits <= 16:
        raise ValueError(f"int({bits}): weights have 2 to 16 bits")
    largest, width = (1 << (bits - 1)) - 1, 16 if bits <= 8 else 24
    state = (1 << (width - 1)) - 1
    decays = Decays(8)
    return ChipFormat(
        name=f"int{bits}",
        weights=Grid(-largest, largest),
        thresholds=Grid(1, state),
        biases=Grid(-state, state),
        decays=decays,
        system=_system(f"int{width}", Format(width, 0), decays),
        exponent=2 - bits,
        neurons=("IF", "LIF", "CubaLIF", "Defined"),
        strict=False,
    )


FORMATS = {form.name: form for form in (LOIHI_FORMAT, _lynxi(), _shift_decay())}


def chip_format(name: str | ChipFormat | dict[str, object]) -> ChipFormat:
    """The format of a chip by its name; int2 to int16 are formats too.

    Raises:
        ValueError: if there is none of that name; lists those there are.
    """
    if isinstance(name, ChipFormat):
        return name
    if isinstance(name, dict):
        return ChipFormat.from_json(name)
    if name in FORMATS:
        return FORMATS[name]
    for own in (DRIVEN_FORMAT, RESONATOR_FORMAT):
        if name == own.name:
            return own
    integers = re.fullmatch(r"int(\d+)", name)
    if integers is None:
        raise ValueError(f"no format {name!r}; there are {', '.join(FORMATS)}, int2 to int16")
    return integer_format(int(integers[1]))


def named(form: ChipFormat) -> str | dict[str, object]:
    """A format as a file keeps it: its name where that says all, else its description."""
    try:
        known = chip_format(form.name)
    except ValueError:
        known = None
    return form.name if known == form else form.to_json()
