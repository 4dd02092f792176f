"""Resonators, written once: a complex state that turns and decays, driven by two inputs.

`cosine` and `sine` are those of the angle of one step, times what a step leaves of the state.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from snncore.dynamics.equations import Equations, trace
from snncore.dynamics.words import detach, select, spike
from snncore.dynamics.zoo.adapting import ADAPTING, RAISED, raised_after

_STATES, _PARAMETERS = ("real", "imag"), ("sine", "cosine", "threshold")


def _turned(real: Any, imag: Any, a: Any, b: Any, sine: Any, cosine: Any) -> tuple[Any, Any]:
    return cosine * real - sine * imag + a, sine * real + cosine * imag + b


def resonator_step(
    real: Any, imag: Any, a: Any, b: Any, *, sine: Any, cosine: Any, threshold: Any
) -> tuple[Any, ...]:
    """Fire if the state is large enough when its phase passes zero; nothing resets it."""
    was = imag
    real, imag = _turned(real, imag, a, b, sine, cosine)
    passed = spike(imag) * spike(-was, strict=True)
    return real, imag, spike(real - threshold) * passed


@lru_cache
def resetting_resonator_step(fraction: int) -> Callable[..., tuple[Any, ...]]:
    """Return Izhikevich's step for states with so many bits of fraction.

    It fires if the imaginary part is large enough, and sets that to the largest value below the
    threshold.
    """
    smallest = 2.0**-fraction

    def step(
        real: Any, imag: Any, a: Any, b: Any, *, sine: Any, cosine: Any, threshold: Any
    ) -> tuple[Any, ...]:
        real, imag = _turned(real, imag, a, b, sine, cosine)
        distance = imag - threshold
        s = spike(distance)
        cause = detach(s)
        # The threshold in the state's own fraction, since a threshold's may not hold the
        # difference.
        below = imag - distance - smallest
        return select(cause, 0.0, real), select(cause, below, imag), s

    return step


def adaptive_resonator_step(
    real: Any,
    imag: Any,
    raised: Any,
    tired: Any,
    a: Any,
    b: Any,
    *,
    sine: Any,
    cosine: Any,
    threshold: Any,
    threshold_step: Any,
    threshold_decay: Any,
    refractory_decay: Any,
) -> tuple[Any, ...]:
    """Fire at a threshold that spikes raise when the phase passes zero; nothing is reset."""
    was = imag
    real, imag = _turned(real, imag, a, b, sine, cosine)
    raised, tired = (1.0 - threshold_decay) * raised, (1.0 - refractory_decay) * tired
    passed = spike(imag) * spike(-was, strict=True)
    s = spike(real - (raised + threshold) - tired) * passed
    return real, imag, *raised_after(s, raised, tired, threshold, threshold_step), s


RESONATOR: Equations = trace(
    resonator_step, states=_STATES, parameters=_PARAMETERS, name="Resonator"
)
ADAPTIVE_RESONATOR: Equations = trace(
    adaptive_resonator_step,
    states=(*_STATES, *RAISED),
    parameters=("sine", "cosine", *ADAPTING),
    name="AdaptiveResonator",
)


@lru_cache
def resetting_resonator(fraction: int) -> Equations:
    """Return the equations of resonators that are reset, for states with such a fraction."""
    step = resetting_resonator_step(fraction)
    return trace(step, states=_STATES, parameters=_PARAMETERS, name="ResettingResonator")
