"""The chip's neuron, written once: a current and a voltage that leak by shifts, and many spikes.

Two of its states hold nothing for the next step: the chip saturates a sum there before it goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from snncore.dynamics import Equations, maximum, minimum, select, spike, trace

Step = Callable[..., Any]

# The spikes that a hidden neuron can send in one step, and an output neuron.
MOST_HIDDEN, MOST_OUTPUT = 31, 1
STATES = ("charge", "u", "change", "v")
PARAMETERS = ("current_decay", "voltage_decay", "threshold")
# The largest shift of a leak; a value times this power of two, rounded up, is 1 if it is above 0.
LARGEST_SHIFT = 15
_LEAST = 2.0**-LARGEST_SHIFT


def XyloHidden(
    charge: Any,
    u: Any,
    change: Any,
    v: Any,
    x: Any,
    *,
    current_decay: Any,
    voltage_decay: Any,
    threshold: Any,
) -> Any:
    """Compute a hidden neuron, which fires while it reaches its threshold, up to 31 times."""
    charge, u, change, v = _charged(u, v, x, current_decay, voltage_decay)
    count, v = _fired(v, threshold, MOST_HIDDEN)
    return charge, u, change, v, count


def XyloOutput(
    charge: Any,
    u: Any,
    change: Any,
    v: Any,
    x: Any,
    *,
    current_decay: Any,
    voltage_decay: Any,
    threshold: Any,
) -> Any:
    """Compute an output neuron, which fires at most once, and keeps the rest of its voltage."""
    charge, u, change, v = _charged(u, v, x, current_decay, voltage_decay)
    count, v = _fired(v, threshold, MOST_OUTPUT)
    return charge, u, change, v, count


def _charged(u: Any, v: Any, x: Any, current_decay: Any, voltage_decay: Any) -> tuple[Any, ...]:
    """Return the states before any spike: the current leaks in the step that charges it."""
    charge = u + x
    u = charge - _leak(charge, current_decay)
    change = u - _leak(v, voltage_decay)
    return charge, u, change, v + change


def _leak(value: Any, decay: Any) -> Any:
    """Return what a shift takes of a value, and at least 1 of one above zero."""
    return maximum(decay * value, minimum(value, -(_LEAST * -value)))


def _fired(v: Any, threshold: Any, most: int) -> tuple[Any, Any]:
    """Return the number of spikes, and the voltage that they leave."""
    count: Any = 0
    for _ in range(most):
        below = v - threshold
        fires = spike(below)
        count, v = count + fires, select(fires, below, v)
    return count, v


def _with_bias(step: Step) -> Equations:
    """Return a step in the form that `quant.prepare` gives it: with a bias of the input."""

    def biased(charge: Any, u: Any, change: Any, v: Any, x: Any, **parameters: Any) -> Any:
        total = x + parameters.pop("bias")
        return step(charge, u, change, v, total, **parameters)

    names = ("bias", *PARAMETERS)
    equations = trace(biased, states=STATES, parameters=names, name=step.__name__)
    return replace(equations, parameters=(*PARAMETERS, "bias"))


HIDDEN = _with_bias(XyloHidden)
OUTPUT = _with_bias(XyloOutput)
