"""Neurons that adapt to what they fired, and one that resonates."""

from __future__ import annotations

from functools import partial
from math import inf
from typing import Any

from snncore.dynamics import detach, exp, spike
from snncore.dynamics.zoo.spiking import Fire, Reset
from snncore.neuron.define import define

_zoo = partial(define, by_name=True)
_SPIKE: dict[str, Any] = {"strict": False, "detach_reset": False}
_FIRE: dict[str, Any] = {"reset": Reset.HARD} | _SPIKE


@_zoo(
    states={"v": 0.0, "w": 0.0},
    params={
        "tau": 2.0,
        "threshold": 1.0,
        "onset": 0.8,
        "sharpness": 0.2,
        "rest": 0.0,
        "low": -0.1,
        "slow": 10.0,
        "coupling": 0.1,
        "jump": 0.2,
    },
    choices=_FIRE,
    limits={"tau": (1, inf), "slow": (1, inf)},
    positional=("tau", "threshold"),
)
def AdEx(
    v: Any, w: Any, x: Any, *, tau: Any, threshold: Any, onset: Any, sharpness: Any, rest: Any,
    low: Any, slow: Any, coupling: Any, jump: Any, **fire: Any,
) -> Any:  # fmt: skip
    """Adaptive exponential integrate and fire: a slow current `w` follows voltage and spikes.

    `coupling` is how far it follows the voltage, `jump` what a spike adds to it.
    """
    h = v + (x + rest - v + sharpness * exp((v - onset) / sharpness) - w) / tau
    w = w + (coupling * (v - rest) - w) / slow
    v, s = Fire(**fire)(h, threshold, low)
    return v, w + jump * s, s


@_zoo(
    states={"v": 0.0, "a": 0.0, "z": 0.0},
    params={"decay": 0.9, "threshold": 1.0, "adaptation": 0.2, "memory": 0.95},
    choices=_SPIKE,
    limits={"decay": (0, 1), "memory": (0, 1)},
    positional=("decay", "threshold"),
)
def LSNN(
    v: Any, a: Any, z: Any, x: Any, *, decay: Any, threshold: Any, adaptation: Any, memory: Any,
    strict: bool, detach_reset: bool,
) -> Any:  # fmt: skip
    """The neuron of long short-term memory spiking networks: its spikes raise its threshold.

    The step after a spike takes the plain threshold off the voltage. In a `layer.Recurrent`, with
    `layer.Linear` as feedback, it is the recurrent network of these.
    """
    cause = detach(z) if detach_reset else z
    v = decay * v + x - cause * threshold
    a = memory * a + z
    s = spike(v - (threshold + adaptation * a), strict=strict)
    return v, a, s, s


@_zoo(
    states={"v": 0.0, "u": 0.0},
    params={"keep": 0.9, "cosine": 0.877583, "sine": 0.479426, "threshold": 1.0, "low": 0.0},
    choices=_FIRE,
    positional=("threshold",),
)
def ResonateAndFire(
    v: Any, u: Any, x: Any, *,
    keep: Any, cosine: Any, sine: Any, threshold: Any, low: Any, **fire: Any,
) -> Any:  # fmt: skip
    """Turn a voltage and a current by an angle, shrink both, and fire on the voltage."""
    charged = keep * (u * cosine - v * sine) + x
    v, s = Fire(**fire)(keep * (u * sine + v * cosine), threshold, low)
    return v, charged, s
