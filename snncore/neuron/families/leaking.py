"""Leaky neurons with one thing more: a learned slope, a pause, or no gradient through time."""

from __future__ import annotations

from functools import partial
from math import inf
from typing import Any

from snncore.dynamics import detach, maximum, select, spike
from snncore.dynamics.zoo.spiking import Fire, Reset
from snncore.neuron.define import define
from snncore.neuron.zoo import back, resting

_zoo = partial(define, by_name=True)
_SPIKE: dict[str, Any] = {"strict": False, "detach_reset": False}
_FIRE: dict[str, Any] = {"reset": Reset.HARD} | _SPIKE
_STEPS = (1, inf)
_REST: dict[str, Any] = {"optional": {"rest": 0.0}, "starts": {"v": "rest"}}


@_zoo(
    states={"v": 0.0},
    params={"tau": 2.0, "threshold": 1.0, "k": 1.0},
    choices=_FIRE | {"decay_input": True, "scale_reset": False},
    limits={"tau": _STEPS},
    positional=("tau", "threshold"),
    learnable=("k",),
    **_REST,
)
def KLIF(
    v: Any, x: Any, *, tau: Any, threshold: Any, k: Any, rest: Any,
    decay_input: bool, scale_reset: bool, reset: Reset, strict: bool, detach_reset: bool,
) -> Any:  # fmt: skip
    """Leaky integrate and fire whose charged voltage passes a ReLU of a learned slope, `k`.

    With `scale_reset` the voltage is divided by `k` again before it is reset.
    """
    h = maximum(k * resting(v, rest, lambda value: value / tau, x, decay_input), 0.0)
    s = spike(h - threshold, strict=strict)
    after, drop = (h / k, threshold / k) if scale_reset else (h, threshold)
    cause = detach(s) if detach_reset else s
    if reset == Reset.HARD:
        return select(cause, back(rest), after), s
    return (after - cause * drop if reset == Reset.SOFT else after), s


@_zoo(
    states={"v": 0.0, "wait": 0.0},
    params={"tau": 2.0, "threshold": 1.0, "period": 2.0},
    choices=_FIRE | {"decay_input": True},
    limits={"tau": _STEPS, "period": (0, inf)},
    positional=("tau", "threshold", "period"),
    **_REST,
)
def RefractoryLIF(
    v: Any, wait: Any, x: Any, *, tau: Any, threshold: Any, period: Any, rest: Any,
    decay_input: bool, **fire: Any,
) -> Any:  # fmt: skip
    """Leaky integrate and fire that neither charges nor fires for `period` steps after a spike."""
    h = resting(v, rest, lambda value: value / tau, x, decay_input)
    charged, s = Fire(**fire)(h, threshold, back(rest))
    waits = wait > 0.0
    s = select(waits, 0.0, s)
    following = select(detach(s), period, maximum(wait - 1.0, 0.0))
    return select(waits, v, charged), following, s


@_zoo(
    states={"v": 0.0},
    params={"tau": 2.0, "threshold": 1.0},
    choices={"reset": Reset.HARD, "strict": False, "detach_reset": True, "decay_input": True},
    limits={"tau": _STEPS},
    positional=("tau", "threshold"),
    **_REST,
)
def OnlineLIF(
    v: Any, x: Any, *, tau: Any, threshold: Any, rest: Any, decay_input: bool, **fire: Any
) -> Any:
    """Leaky integrate and fire whose gradients do not flow back through its voltage.

    That is training by spatial learning through time; with `learning.online`, by traces.
    """
    h = resting(detach(v), rest, lambda value: value / tau, x, decay_input)
    return Fire(**fire)(h, threshold, back(rest))
