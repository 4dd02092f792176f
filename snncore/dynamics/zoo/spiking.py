"""The neurons this library brings, each written once.

What varies in the structure of a step (the reset, a strict threshold) is an argument of the
function that makes the step; what varies in value is a parameter of the step itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from snncore.dynamics.equations import Equations, trace
from snncore.dynamics.words import detach, exp, select, sigmoid, spike

Step = Callable[..., Any]


class Reset(StrEnum):
    """What a spike does to the voltage: back to rest, down by the threshold, or nothing."""

    HARD = "hard"
    SOFT = "soft"
    NONE = "none"


@dataclass(frozen=True)
class Fire:
    """When a voltage fires, and what that does to it."""

    reset: Reset = Reset.HARD
    strict: bool = False
    detach_reset: bool = False

    def __call__(self, h: Any, threshold: Any, rest: Any = 0.0) -> tuple[Any, Any]:
        """The voltage afterwards, and the spike."""
        s = spike(h - threshold, strict=self.strict)
        if self.reset == Reset.NONE:
            return h, s
        cause = detach(s) if self.detach_reset else s
        return select(cause, rest if self.reset == Reset.HARD else h - threshold, h), s


@lru_cache
def if_step(fire: Fire) -> Step:
    """Integrate and fire: v' = v + x."""

    def step(v: Any, x: Any, *, threshold: Any) -> Any:
        return fire(v + x, threshold)

    return step


@lru_cache
def lif_step(fire: Fire, decay_input: bool) -> Step:
    """Leaky integrate and fire, with the input inside the leak or beside it."""

    def step(v: Any, x: Any, *, tau: Any, threshold: Any) -> Any:
        h = v + (x - v) / tau if decay_input else v - v / tau + x
        return fire(h, threshold)

    return step


@lru_cache
def parametric_lif_step(fire: Fire, decay_input: bool) -> Step:
    """Leaky integrate and fire whose leak, sigmoid(w), is learned."""

    def step(v: Any, x: Any, *, w: Any, threshold: Any) -> Any:
        leak = sigmoid(w)
        h = v + (x - v) * leak if decay_input else v - v * leak + x
        return fire(h, threshold)

    return step


@lru_cache
def adaptive_lif_step(fire: Fire) -> Step:
    """Leaky integrate and fire whose threshold rises with every spike and decays back."""

    def step(
        v: Any, a: Any, x: Any, *, tau: Any, threshold: Any, adaptation: Any, decay: Any
    ) -> Any:
        h = v + (x - v) / tau
        v, s = fire(h, threshold + adaptation * a)
        return v, decay * a + s, s

    return step


@lru_cache
def eif_step(fire: Fire) -> Step:
    """Exponential integrate and fire: beyond `onset` the voltage runs away by itself."""

    def step(
        v: Any, x: Any, *, tau: Any, threshold: Any, onset: Any, sharpness: Any, rest: Any, low: Any
    ) -> Any:
        h = v + (x + rest - v + sharpness * exp((v - onset) / sharpness)) / tau
        return fire(h, threshold, low)

    return step


@lru_cache
def qif_step(fire: Fire) -> Step:
    """Quadratic integrate and fire: a parabola through `rest` and `critical`."""

    def step(
        v: Any,
        x: Any,
        *,
        tau: Any,
        threshold: Any,
        gain: Any,
        rest: Any,
        critical: Any,
        low: Any,
    ) -> Any:
        h = v + (x + gain * (v - rest) * (v - critical)) / tau
        return fire(h, threshold, low)

    return step


@lru_cache
def izhikevich_step(fire: Fire) -> Step:
    """Izhikevich's neuron in millivolts, dt milliseconds a step."""

    def step(
        v: Any, u: Any, x: Any, *, a: Any, b: Any, c: Any, d: Any, dt: Any, threshold: Any
    ) -> Any:
        h = v + dt * (0.04 * v * v + 5.0 * v + 140.0 - u + x)
        u = u + dt * (a * (b * v - u))
        v, s = fire(h, threshold, c)
        return v, u + d * s, s

    return step


@lru_cache
def integer_lif_step(fire: Fire, most: int, decay_input: bool) -> Step:
    """Leaky integrate and fire that fires once for each threshold reached, `most` times a step."""

    def step(v: Any, x: Any, *, tau: Any, threshold: Any) -> Any:
        h = v + (x - v) / tau if decay_input else v - v / tau + x
        s = spike(h - threshold, strict=fire.strict)
        for count in range(2, most + 1):
            s = s + spike(h - count * threshold, strict=fire.strict)
        cause = detach(s) if fire.detach_reset else s
        return h - cause * threshold, s

    return step


@lru_cache
def leaky_integrator_step(decay_input: bool) -> Step:
    """A leaky voltage that never fires: what leaves the neuron is the voltage."""

    def step(v: Any, x: Any, *, tau: Any) -> Any:
        h = v + (x - v) / tau if decay_input else v - v / tau + x
        return h, h

    return step


def cuba_lif_step(
    u: Any, v: Any, x: Any, *, current_decay: Any, voltage_decay: Any, threshold: Any, bias: Any
) -> Any:
    """Current based: a leaky current drives a leaky voltage, which fires beyond the threshold."""
    u = (1 - current_decay) * u + x
    v = (1 - voltage_decay) * v + u + bias
    s = spike(v - threshold, strict=True)
    return u, select(detach(s), 0.0, v), s


def driven_cuba_lif_step(
    u: Any,
    v: Any,
    x: Any,
    *,
    gain: Any,
    current_decay: Any,
    voltage_decay: Any,
    threshold: Any,
    bias: Any,
) -> Any:
    """Current based, and driven by measurements and not by spikes: `gain` says how strongly."""
    return cuba_lif_step(
        u,
        v,
        gain * x,
        current_decay=current_decay,
        voltage_decay=voltage_decay,
        threshold=threshold,
        bias=bias,
    )


@lru_cache
def biased_if(fire: Fire) -> Equations:
    """Integrate and fire as chips have it, with a bias; a hard reset goes to `rest`."""

    def soft(v: Any, x: Any, *, threshold: Any, bias: Any) -> Any:
        return fire(v + x + bias, threshold)

    def hard(v: Any, x: Any, *, threshold: Any, rest: Any, bias: Any) -> Any:
        return fire(v + x + bias, threshold, rest)

    if fire.reset == Reset.HARD:
        return trace(hard, states=("v",), parameters=("threshold", "rest", "bias"), name="IF")
    return trace(soft, states=("v",), parameters=("threshold", "bias"), name="IF")


@lru_cache
def biased_lif(fire: Fire) -> Equations:
    """Leaky integrate and fire as chips have it: what leaks is rounded, and then subtracted.

    A decay of 2**-k in a number system that rounds down is the shift `v - (v >> k)`.
    """

    def soft(v: Any, x: Any, *, decay: Any, threshold: Any, bias: Any) -> Any:
        return fire(v - decay * v + x + bias, threshold)

    def hard(v: Any, x: Any, *, decay: Any, threshold: Any, rest: Any, bias: Any) -> Any:
        return fire(v - decay * v + x + bias, threshold, rest)

    if fire.reset == Reset.HARD:
        names = ("decay", "threshold", "rest", "bias")
        return trace(hard, states=("v",), parameters=names, name="LIF")
    return trace(soft, states=("v",), parameters=("decay", "threshold", "bias"), name="LIF")


CUBA_LIF: Equations = trace(
    cuba_lif_step,
    states=("u", "v"),
    parameters=("current_decay", "voltage_decay", "threshold", "bias"),
    name="CubaLIF",
)
DRIVEN_CUBA_LIF: Equations = trace(
    driven_cuba_lif_step,
    states=("u", "v"),
    parameters=("gain", "current_decay", "voltage_decay", "threshold", "bias"),
    name="DrivenCubaLIF",
)
