"""Encoders with states, which are neurons: they read values in the user's units and send spikes.

Put first in a network, or behind `Direct`, they go to integers as all neurons do.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from snncore import neuron
from snncore.dynamics import detach, select, spike
from snncore.neuron.define import define

_zoo = partial(define, by_name=True)
_SPIKE: dict[str, Any] = {"strict": False, "detach_reset": False}


def Rate(threshold: float = 1.0, **options: Any) -> neuron.Neuron:
    """Return neurons that integrate a value and subtract the threshold where they fire.

    After T steps of a value x in 0 to the threshold there were floor(T x / threshold) spikes.
    """
    coding: neuron.Neuron = neuron.IF(threshold, reset="soft", **options)
    return coding


@_zoo(
    states={"v": 0.0, "fired": 0.0},
    params={"threshold": 1.0},
    choices={"strict": False},
    positional=("threshold",),
)
def Latency(v: Any, fired: Any, x: Any, *, threshold: Any, strict: bool) -> Any:
    """Integrate a value and fire once, in step threshold / x: the larger the value, the earlier."""
    h = select(fired, 0.0, v + x)
    s = spike(h - threshold, strict=strict)
    return h, fired + s, s


@_zoo(
    states={"last": 0.0},
    params={"threshold": 0.1},
    choices=_SPIKE,
    positional=("threshold",),
)
def Delta(last: Any, x: Any, *, threshold: Any, strict: bool, detach_reset: bool) -> Any:
    """Send 1 or -1 where a value is the threshold or more from what was sent so far."""
    up = spike(x - last - threshold, strict=strict)
    down = spike(last - x - threshold, strict=strict)
    s = up - down
    return last + (detach(s) if detach_reset else s) * threshold, s
