"""Resonators, written once: a complex state that turns and decays, driven by two inputs.

`cosine` and `sine` are those of the angle of one step, times what a step leaves of the state.
"""

from __future__ import annotations

from typing import Any

from snncore.dynamics.arithmetic.number_system import Format, NumberSystem
from snncore.dynamics.equations import Equations, trace
from snncore.dynamics.words import detach, select, spike

# The smallest step of a state of 6 bits of fraction: as far below its threshold a reset leads.
_BELOW = 2.0**-6


def _turned(real: Any, imag: Any, a: Any, b: Any, sine: Any, cosine: Any) -> tuple[Any, Any]:
    return cosine * real - sine * imag + a, sine * real + cosine * imag + b


def resonator_step(
    real: Any, imag: Any, a: Any, b: Any, *, sine: Any, cosine: Any, threshold: Any
) -> tuple[Any, ...]:
    """Fires when it is large enough at the moment its phase passes zero; nothing resets it."""
    was = imag
    real, imag = _turned(real, imag, a, b, sine, cosine)
    passed = spike(imag) * spike(-was, strict=True)
    return real, imag, spike(real - threshold) * passed


def resetting_resonator_step(
    real: Any, imag: Any, a: Any, b: Any, *, sine: Any, cosine: Any, threshold: Any
) -> tuple[Any, ...]:
    """Izhikevich's: fires when its imaginary part is large enough, and is set just below that."""
    real, imag = _turned(real, imag, a, b, sine, cosine)
    distance = imag - threshold
    s = spike(distance)
    cause = detach(s)
    # The threshold in the state's own fraction, since a threshold's may not hold the difference.
    below = imag - distance - _BELOW
    return select(cause, 0.0, real), select(cause, below, imag), s


_STATES, _PARAMETERS = ("real", "imag"), ("sine", "cosine", "threshold")
RESONATOR: Equations = trace(
    resonator_step, states=_STATES, parameters=_PARAMETERS, name="Resonator"
)
RESETTING_RESONATOR: Equations = trace(
    resetting_resonator_step, states=_STATES, parameters=_PARAMETERS, name="ResettingResonator"
)

# Lava's processes: 24-bit states that saturate, with 6 bits of fraction, and 12 of the decays.
LOIHI_RESONATOR = NumberSystem(
    name="loihi.resonator",
    states=(("real", Format(24, 6)), ("imag", Format(24, 6))),
    parameters=(("sine", 12), ("cosine", 12), ("threshold", 0)),
)
