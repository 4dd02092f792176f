"""Xylo's numbers: what its registers hold, and the arithmetic of its neurons."""

from __future__ import annotations

from quant import ChipFormat, Decays, Grid
from snncore.dynamics import Format, NumberSystem, Rounding
from snncore.dynamics.zoo.spiking import Reset
from targets.xylo.neuron import LARGEST_SHIFT, STATES

STATE_BITS = 16
LARGEST, LOWEST = (1 << (STATE_BITS - 1)) - 1, -(1 << (STATE_BITS - 1))
WEIGHTS = Grid(-128, 127)
THRESHOLDS = Grid(1, LARGEST)
# A leak is a shift of 1 to 15: 4 bits, of which 0 would leave nothing of a current to its neuron.
SHIFTS = Grid(1, LARGEST_SHIFT)
# Weights of a class (of the input, between hidden neurons, to the outputs) share a shift.
LARGEST_WEIGHT_SHIFT = 7
# The events of one input channel in one step.
MOST_EVENTS = 15
CHANNELS = 16

_DECAYS = Decays(LARGEST_SHIFT, shifts=True)
_STATE = Format(STATE_BITS, 0, symmetric=False)

XYLO = NumberSystem(
    name="xylo",
    states=tuple((name, _STATE) for name in STATES),
    parameters=(
        ("current_decay", LARGEST_SHIFT),
        ("voltage_decay", LARGEST_SHIFT),
        ("threshold", 0),
        ("bias", 0),
    ),
    rounding=Rounding.FLOOR,
)

FORMAT = ChipFormat(
    name="xylo",
    weights=WEIGHTS,
    thresholds=THRESHOLDS,
    biases=Grid(LOWEST, LARGEST),
    decays=_DECAYS,
    system=XYLO,
    exponent=-6,
    neurons=("Defined",),
    resets=(Reset.SOFT,),
    per_channel=False,
)


def decay_of(shift: int) -> int:
    """Return a program's integer of the leak by a shift."""
    return 1 << (LARGEST_SHIFT - shift)


def shift_of(decay: int) -> int | None:
    """Return the shift of a leak, or None if it is none of the chip's."""
    shift = LARGEST_SHIFT - (decay.bit_length() - 1)
    fits = decay > 0 and decay.bit_count() == 1 and SHIFTS.minimum <= shift <= SHIFTS.maximum
    return shift if fits else None
