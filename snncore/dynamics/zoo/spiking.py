"""The parts that spiking neurons are made of, and the neurons of chips, each written once.

The structure of a step (its reset, a strict threshold) is a choice that ordinary Python branches
on; a number of it is a parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from snncore.dynamics.equations import Equations, trace
from snncore.dynamics.words import detach, select, spike


class Reset(StrEnum):
    """The effect of a spike on the voltage: back to rest, down by the threshold, or none."""

    HARD = "hard"
    SOFT = "soft"
    NONE = "none"


@dataclass(frozen=True)
class Fire:
    """The rule by which a voltage fires and is reset."""

    reset: Reset = Reset.HARD
    strict: bool = False
    detach_reset: bool = False

    def __call__(self, h: Any, threshold: Any, rest: Any = 0.0) -> tuple[Any, Any]:
        """Return the voltage afterwards, and the spike."""
        s = spike(h - threshold, strict=self.strict)
        if self.reset == Reset.NONE:
            return h, s
        cause = detach(s) if self.detach_reset else s
        return select(cause, rest if self.reset == Reset.HARD else h - threshold, h), s


def leaky(v: Any, x: Any, leak: Callable[[Any], Any], decay_input: bool) -> Any:
    """Return the charged voltage; `leak` gives what a step loses of a value.

    The input is inside the leak (`decay_input`) or beside it.
    """
    return v + leak(x - v) if decay_input else v - leak(v) + x


def cuba_lif_step(
    u: Any, v: Any, x: Any, *, current_decay: Any, voltage_decay: Any, threshold: Any, bias: Any
) -> Any:
    """Let a leaky current drive a leaky voltage, which fires beyond the threshold."""
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
    """Drive a leaky current with `gain` times a measurement instead of with spikes."""
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
    """Return integrate and fire as chips have it, with a bias; a hard reset goes to `rest`."""

    def soft(v: Any, x: Any, *, threshold: Any, bias: Any) -> Any:
        return fire(v + x + bias, threshold)

    def hard(v: Any, x: Any, *, threshold: Any, rest: Any, bias: Any) -> Any:
        return fire(v + x + bias, threshold, rest)

    if fire.reset == Reset.HARD:
        return trace(hard, states=("v",), parameters=("threshold", "rest", "bias"), name="IF")
    return trace(soft, states=("v",), parameters=("threshold", "bias"), name="IF")


@lru_cache
def biased_lif(fire: Fire) -> Equations:
    """Return leaky integrate and fire as chips have it: the leak is rounded, then subtracted.

    A decay of 2**-k in a number system that rounds down is the shift `v - (v >> k)`.
    """

    def soft(v: Any, x: Any, *, decay: Any, threshold: Any, bias: Any) -> Any:
        return fire(leaky(v, x, lambda value: decay * value, False) + bias, threshold)

    def hard(v: Any, x: Any, *, decay: Any, threshold: Any, rest: Any, bias: Any) -> Any:
        return fire(leaky(v, x, lambda value: decay * value, False) + bias, threshold, rest)

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
