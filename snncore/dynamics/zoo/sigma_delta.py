"""Sigma-delta neurons, written once: they send how much they have changed, and not spikes.

What a layer receives it sums up (sigma), and of what it computes it sends the change since it last
sent, once that is large enough (delta). A change is a state of its own, so that a chip's register
bounds it like the others.
"""

from __future__ import annotations

from typing import Any

from snncore.dynamics.equations import Equations, trace
from snncore.dynamics.words import absolute, maximum, select, spike


def _sent(change: Any, threshold: Any) -> Any:
    return select(spike(absolute(change) - threshold), change, 0)


def delta_step(
    act: Any, residue: Any, change: Any, x: Any, *, threshold: Any, gain: Any
) -> tuple[Any, ...]:
    """Send the change of `gain * x`."""
    new = gain * x
    change = new - act + residue
    sent = _sent(change, threshold)
    return new, change - sent, change, sent


def sigma_delta_step(
    sigma: Any, act: Any, residue: Any, change: Any, x: Any, *, threshold: Any, bias: Any
) -> tuple[Any, ...]:
    """Send the change of the rectified sum of all changes so far."""
    sigma = sigma + x
    new = maximum(sigma + bias, 0)
    change = new - act + residue
    sent = _sent(change, threshold)
    return sigma, new, change - sent, change, sent


def sigma_step(sigma: Any, x: Any) -> tuple[Any, ...]:
    """Return the sum of all changes so far."""
    return sigma + x, sigma + x


DELTA: Equations = trace(
    delta_step,
    states=("act", "residue", "change"),
    parameters=("threshold", "gain"),
    name="Delta",
)
SIGMA_DELTA: Equations = trace(
    sigma_delta_step,
    states=("sigma", "act", "residue", "change"),
    parameters=("threshold", "bias"),
    name="SigmaDelta",
)
SIGMA: Equations = trace(sigma_step, states=("sigma",), parameters=(), name="Sigma")
