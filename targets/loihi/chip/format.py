"""Loihi's numbers: what its registers hold, and the arithmetic of its neurons.

Every other number of the chip's registers in this package derives from these.
"""

from __future__ import annotations

from dataclasses import replace

from quant import ChipFormat, Decays, Grid
from snncore.dynamics import Equations, Format, NumberSystem, Overflow, Rounding
from snncore.dynamics.zoo.driven import driven
from snncore.dynamics.zoo.readout import integrating
from snncore.dynamics.zoo.resonator import resetting_resonator
from snncore.dynamics.zoo.spiking import Reset

# The fraction bits of a state beyond those of a weight.
FRACTION = 6
STATE_BITS = 24
# A dense layer adds up in a register of this width; a convolution in one of a state's width.
ADDER_BITS = 32
DECAY_BITS = 12
# The integer of a decay that leaves nothing of a state.
UNITY = 1 << DECAY_BITS
THRESHOLD_BITS = 17
BIAS_BITS = 12

LOIHI = NumberSystem(
    name="loihi",
    states=(
        ("u", Format(STATE_BITS, FRACTION, Overflow.WRAP_ONCE)),
        ("v", Format(STATE_BITS, FRACTION, Overflow.SATURATE)),
    ),
    parameters=(
        ("current_decay", DECAY_BITS),
        ("voltage_decay", DECAY_BITS),
        ("threshold", 0),
        ("bias", 0),
    ),
    carrier_bits=ADDER_BITS,
)
LOIHI_DRIVEN = driven(LOIHI)
# Readouts: neurons that never fire, whose voltage is probed with its fraction.
LOIHI_INTEGRATOR = integrating(LOIHI)
# Above every voltage, as the loader has it for a layer without neurons of its own.
NEVER = 1 << THRESHOLD_BITS

# The two parts of a resonator's state, and what turns it.
_PART = Format(STATE_BITS, FRACTION)
LOIHI_RESONATOR = NumberSystem(
    name="loihi.resonator",
    states=(("real", _PART), ("imag", _PART)),
    parameters=(("sine", DECAY_BITS), ("cosine", DECAY_BITS), ("threshold", 0)),
)
RESETTING_RESONATOR: Equations = resetting_resonator(FRACTION)

# Messages are whole numbers, and states have a fraction beside them.
_MESSAGE = Format(ADDER_BITS, FRACTION, Overflow.WRAP)
LOIHI_DELTA = NumberSystem(
    name="loihi.delta",
    states=(("act", _MESSAGE), ("residue", _MESSAGE), ("change", _MESSAGE)),
    parameters=(("threshold", 0), ("gain", 0)),
    rounding=Rounding.FLOOR,
)
LOIHI_SIGMA_DELTA = NumberSystem(
    name="loihi.sigma_delta",
    states=(("sigma", _MESSAGE), ("act", _MESSAGE), ("residue", _MESSAGE), ("change", _MESSAGE)),
    parameters=(("threshold", 0), ("bias", 0)),
    # A sum of messages by weights has the fraction of the weights.
    input_fraction=FRACTION,
    rounding=Rounding.FLOOR,
)
LOIHI_SIGMA = NumberSystem(
    name="loihi.sigma",
    states=(("sigma", Format(ADDER_BITS, 0, Overflow.WRAP)),),
    parameters=(),
    rounding=Rounding.FLOOR,
)

FORMAT = ChipFormat(
    name="loihi",
    # Eight bits with a sign cost one bit of precision, so the weights are even.
    weights=Grid(-256, 254, 2),
    thresholds=Grid(0, (1 << THRESHOLD_BITS) - 1),
    biases=Grid(-(1 << BIAS_BITS), (1 << BIAS_BITS) - 1),
    decays=Decays(DECAY_BITS),
    system=LOIHI,
    # Weights count in 1/64, as slayer writes them.
    exponent=-6,
    neurons=("CubaLIF", "LeakyIntegrator"),
    resets=(Reset.HARD,),
    strict=True,
    dense_bits=ADDER_BITS,
    kernel_bits=STATE_BITS,
)
# Input neurons: a host multiplies the measurements that drive them by a whole number.
DRIVEN_FORMAT = replace(
    FORMAT, name=LOIHI_DRIVEN.name, system=LOIHI_DRIVEN, neurons=("DrivenCubaLIF",)
)
RESONATOR_FORMAT = replace(
    FORMAT, name=LOIHI_RESONATOR.name, system=LOIHI_RESONATOR, neurons=("Resonator",)
)
FORMATS = (FORMAT, DRIVEN_FORMAT, RESONATOR_FORMAT)
