"""The neurons this library brings, each written once."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Any

from snncore.dynamics.equations import Equations, trace
from snncore.dynamics.words import select, spike

Step = Callable[..., Any]


class Reset(StrEnum):
    """What a spike does to the voltage: back to zero, down by the threshold, or nothing."""

    HARD = "hard"
    SOFT = "soft"
    NONE = "none"


def _after(reset: Reset, s: Any, h: Any, threshold: Any) -> Any:
    if reset == Reset.NONE:
        return h
    return select(s, 0.0 if reset == Reset.HARD else h - threshold, h)


@lru_cache
def if_step(reset: Reset) -> Step:
    """Integrate and fire: v' = v + x."""

    def step(v: Any, x: Any, *, threshold: Any) -> Any:
        h = v + x
        s = spike(h - threshold)
        return _after(reset, s, h, threshold), s

    return step


@lru_cache
def lif_step(reset: Reset, decay_input: bool) -> Step:
    """Leaky integrate and fire, with the input inside the leak or beside it."""

    def step(v: Any, x: Any, *, tau: Any, threshold: Any) -> Any:
        h = v + (x - v) / tau if decay_input else v - v / tau + x
        s = spike(h - threshold)
        return _after(reset, s, h, threshold), s

    return step


def cuba_lif_step(
    u: Any, v: Any, x: Any, *, current_decay: Any, voltage_decay: Any, threshold: Any, bias: Any
) -> Any:
    """Current based: a leaky current drives a leaky voltage, which fires beyond the threshold."""
    u = (1 - current_decay) * u + x
    v = (1 - voltage_decay) * v + u + bias
    s = spike(v - threshold, strict=True)
    return u, select(s, 0.0, v), s


CUBA_LIF: Equations = trace(
    cuba_lif_step,
    states=("u", "v"),
    parameters=("current_decay", "voltage_decay", "threshold", "bias"),
    name="CubaLIF",
)
