"""Readouts, written once: neurons that never fire and show a value, and decoders over time.

A decoder is a neuron as well: after the last step it shows what it makes of the whole sequence.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from snncore.dynamics.arithmetic.number_system import Format, NumberSystem, Overflow
from snncore.dynamics.equations import Equations, trace
from snncore.dynamics.words import maximum, minimum, select

_SUFFIX = ".integrator"


def cuba_integrator_step(
    u: Any, v: Any, x: Any, *, current_decay: Any, voltage_decay: Any, bias: Any
) -> Any:
    """Let a leaky current drive a leaky voltage, which never fires and is the output."""
    u = (1 - current_decay) * u + x
    v = (1 - voltage_decay) * v + u + bias
    return u, v, v


def integrator_step(v: Any, x: Any, *, decay: Any, bias: Any) -> Any:
    """Add the input to a leaky voltage, which never fires and is the output."""
    v = v - decay * v + x + bias
    return v, v


def total_step(total: Any, x: Any) -> Any:
    """Add up all steps."""
    total = total + x
    return total, total


def late_total_step(step: Any, total: Any, x: Any, *, skip: Any) -> Any:
    """Add up all steps but the first ones."""
    total = total + select(step >= skip, x, 0)
    return minimum(step + 1, skip), total, total


def last_step(x: Any) -> Any:
    """Return the last step."""
    return (x,)


def largest_step(seen: Any, largest: Any, x: Any) -> Any:
    """Return the largest value of all steps, of which the first has none before it."""
    largest = select(seen, maximum(largest, x), x)
    return 1.0, largest, largest


def first_spike_step(fired: Any, steps: Any, x: Any) -> Any:
    """Count the steps before the first spike."""
    fired = maximum(fired, x)
    steps = steps + (1 - fired)
    return fired, steps, steps


CUBA_INTEGRATOR: Equations = trace(
    cuba_integrator_step,
    states=("u", "v"),
    parameters=("current_decay", "voltage_decay", "bias"),
    name="CubaIntegrator",
)
INTEGRATOR: Equations = trace(
    integrator_step, states=("v",), parameters=("decay", "bias"), name="Integrator"
)
TOTAL: Equations = trace(total_step, states=("total",), parameters=(), name="Total")
LATE_TOTAL: Equations = trace(
    late_total_step, states=("step", "total"), parameters=("skip",), name="LateTotal"
)
LAST: Equations = trace(last_step, states=(), parameters=(), name="Last")
LARGEST: Equations = trace(largest_step, states=("seen", "largest"), parameters=(), name="Largest")
FIRST_SPIKE: Equations = trace(
    first_spike_step, states=("fired", "steps"), parameters=(), name="FirstSpike"
)

# Wide enough that voltages of 24 bits add up for 2**24 steps, and narrow enough for doubles.
_WHOLE = Format(48, 0, Overflow.SATURATE)
# The arithmetic of decoders: whole numbers of whatever comes in.
DECODING = NumberSystem(
    name="decoding",
    states=tuple((name, _WHOLE) for name in ("total", "step", "seen", "largest", "fired", "steps")),
    parameters=(("skip", 0),),
    carrier_bits=50,
)


# The decoders of `snncore.decoding` that are neurons, by name.
DECODERS: dict[str, Equations] = {
    "count": TOTAL,
    "rate": TOTAL,
    "first_spike": FIRST_SPIKE,
    "last_value": LAST,
    "largest_value": LARGEST,
}


def integrating(system: NumberSystem) -> NumberSystem:
    """Return the same number system, whose neurons show their voltage with its fraction."""
    fraction = system.state("v").fraction
    return replace(system, name=f"{system.name}{_SUFFIX}", output_fraction=fraction)


def not_integrating(system: NumberSystem) -> NumberSystem:
    """Return the number system that `integrating` started from."""
    return replace(system, name=system.name.removesuffix(_SUFFIX), output_fraction=0)


def shows_voltage(equations: Equations) -> bool:
    """Return whether neurons with these equations never fire and show their voltage."""
    return any(equations.same_computation(each) for each in (CUBA_INTEGRATOR, INTEGRATOR))
