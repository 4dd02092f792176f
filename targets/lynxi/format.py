"""Lynxi's numbers: integers that float16 holds."""

from __future__ import annotations

from quant import ChipFormat, Decays, Grid
from quant.grid.integers import one_width
from snncore.dynamics import Format

_DECAYS = Decays(7, shifts=True)

# A state, a sum and a bias together stay within 2**11, up to which float16 holds every integer.
FORMAT = ChipFormat(
    name="lynxi",
    weights=Grid(-127, 127),
    thresholds=Grid(1, 511),
    biases=Grid(-255, 255),
    decays=_DECAYS,
    system=one_width("float16", Format(10, 0), _DECAYS),
    exponent=-6,
    neurons=("IF", "LIF", "Defined", "LeakyIntegrator"),
    fan_in=1280,
)
