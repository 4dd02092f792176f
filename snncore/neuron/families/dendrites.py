"""Neurons of several compartments: dendrites that drive a soma."""

from __future__ import annotations

from functools import partial
from typing import Any

from snncore.dynamics import detach, sigmoid, spike
from snncore.dynamics.zoo.spiking import Fire, Reset
from snncore.neuron.define import define

_zoo = partial(define, by_name=True)
_SPIKE: dict[str, Any] = {"strict": False, "detach_reset": False}


@_zoo(
    states={"d": 0.0, "v": 0.0, "z": 0.0},
    params={"threshold": 1.0, "down": 0.0, "up": 0.0, "drop": 0.5},
    choices=_SPIKE,
    positional=("threshold",),
    learnable=("down", "up"),
)
def TwoCompartmentLIF(
    d: Any, v: Any, z: Any, x: Any, *,
    threshold: Any, down: Any, up: Any, drop: Any, strict: bool, detach_reset: bool,
) -> Any:  # fmt: skip
    """A dendrite that takes the input and a soma that fires, each of which drives the other.

    The soma lowers the dendrite by sigmoid(down) of itself, the dendrite raises the soma by
    sigmoid(up); a spike takes `drop` off the dendrite and the threshold off the soma a step later.
    """
    cause = detach(z) if detach_reset else z
    d = d - sigmoid(down) * v + x - drop * cause
    v = v + sigmoid(up) * d - threshold * cause
    s = spike(v - threshold, strict=strict)
    return d, v, s, s


@_zoo(
    states={"first": 0.0, "second": 0.0, "v": 0.0},
    params={"slow": 2.0, "fast": -2.0, "keep": 0.0, "threshold": 1.0},
    inputs=2,
    choices={"reset": Reset.SOFT} | _SPIKE,
    positional=("threshold",),
    learnable=("slow", "fast", "keep"),
)
def DendriticLIF(
    first: Any, second: Any, v: Any, x: Any, y: Any, *,
    slow: Any, fast: Any, keep: Any, threshold: Any, **fire: Any,
) -> Any:  # fmt: skip
    """Two dendrites with an input and a learned time constant each, which drive a leaky soma.

    `slow`, `fast` and `keep` are logits of the shares that a step keeps.
    """
    slow, fast, keep = sigmoid(slow), sigmoid(fast), sigmoid(keep)
    first = slow * first + (1 - slow) * x
    second = fast * second + (1 - fast) * y
    v, s = Fire(**fire)(keep * v + (1 - keep) * (first + second), threshold)
    return first, second, v, s
