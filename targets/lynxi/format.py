"""Lynxi's numbers: integers that float16 holds."""

from __future__ import annotations

from dataclasses import replace

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
    # Of float32, and a sum with what drives it.
    widest=24,
)
# Layers that read an encoder's integers: the same within 2**24, up to which float32 does.
GRADED_FORMAT = replace(
    FORMAT,
    name="lynxi.graded",
    thresholds=Grid(1, (1 << 20) - 1),
    biases=Grid(1 - (1 << 21), (1 << 21) - 1),
    system=one_width("float32", Format(22, 0), _DECAYS),
    fan_in=1 << 23,
)
FORMATS = (FORMAT, GRADED_FORMAT)
