"""The neurons that this library brings, each defined as a user's own is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

from snncore.dynamics import detach, exp, select, sigmoid, spike
from snncore.dynamics.zoo.spiking import Fire, Reset, cuba_lif_step, leaky
from snncore.neuron.define import define

# A file names these classes, since every reader has them.
_zoo = partial(define, by_name=True)

_SPIKE: dict[str, Any] = {"strict": False, "detach_reset": False}
_FIRE: dict[str, Any] = {"reset": Reset.HARD} | _SPIKE
_LEAK: dict[str, Any] = {"decay_input": True}
# A voltage that leaks to a rest, starts there and is reset to it.
_REST: dict[str, Any] = {"optional": {"rest": 0.0}, "starts": {"v": "rest"}}
# A time constant is a step or more, and a decay a share.
_STEPS, _SHARE = (1, inf), (0, 1)


def resting(value: Any, rest: Any, leak: Callable[[Any], Any], x: Any, decay_input: bool) -> Any:
    """Return the charged voltage where it leaks to a rest, or to zero without one."""
    if rest is None:
        return leaky(value, x, leak, decay_input)
    apart = value - rest
    return value + leak(x - apart) if decay_input else value - leak(apart) + x


def back(rest: Any) -> Any:
    """Return the voltage after a hard reset."""
    return 0.0 if rest is None else rest


@_zoo(
    states={"v": 0.0}, params={"threshold": 1.0}, choices=_FIRE, positional=("threshold",), **_REST
)
def IF(v: Any, x: Any, *, threshold: Any, rest: Any, **fire: Any) -> Any:
    """Integrate and fire, without a leak."""
    return Fire(**fire)(v + x, threshold, back(rest))


@_zoo(
    states={"v": 0.0},
    params={"tau": 2.0, "threshold": 1.0},
    choices=_FIRE | _LEAK,
    limits={"tau": _STEPS},
    positional=("tau", "threshold"),
    **_REST,
)
def LIF(
    v: Any, x: Any, *, tau: Any, threshold: Any, rest: Any, decay_input: bool, **fire: Any
) -> Any:
    """Leaky integrate and fire."""
    h = resting(v, rest, lambda value: value / tau, x, decay_input)
    return Fire(**fire)(h, threshold, back(rest))


@_zoo(
    states={"v": 0.0},
    params={"w": 0.0, "threshold": 1.0},
    choices=_FIRE | _LEAK,
    positional=("w", "threshold"),
    learnable=("w",),
    **_REST,
)
def ParametricLIF(
    v: Any, x: Any, *, w: Any, threshold: Any, rest: Any, decay_input: bool, **fire: Any
) -> Any:
    """Leaky integrate and fire that learns its leak, sigmoid(w); w = 0 is tau = 2."""
    leak = sigmoid(w)
    h = resting(v, rest, lambda value: value * leak, x, decay_input)
    return Fire(**fire)(h, threshold, back(rest))


@_zoo(
    states={"v": 0.0, "a": 0.0},
    params={"tau": 2.0, "threshold": 1.0, "adaptation": 0.2, "decay": 0.9},
    choices=_FIRE,
    limits={"tau": _STEPS},
    positional=("tau", "threshold"),
)
def AdaptiveLIF(
    v: Any, a: Any, x: Any, *, tau: Any, threshold: Any, adaptation: Any, decay: Any, **fire: Any
) -> Any:
    """Leaky integrate and fire whose threshold rises with every spike and decays back."""
    h = leaky(v, x, lambda value: value / tau, True)
    v, s = Fire(**fire)(h, threshold + adaptation * a)
    return v, decay * a + s, s


@_zoo(
    states={"v": 0.0},
    params={
        "tau": 2.0,
        "threshold": 1.0,
        "onset": 0.8,
        "sharpness": 1.0,
        "rest": 0.0,
        "low": -0.1,
    },
    choices=_FIRE,
    positional=("tau", "threshold"),
)
def EIF(
    v: Any,
    x: Any,
    *,
    tau: Any,
    threshold: Any,
    onset: Any,
    sharpness: Any,
    rest: Any,
    low: Any,
    **fire: Any,
) -> Any:
    """Exponential integrate and fire: beyond `onset` the voltage runs away by itself."""
    h = v + (x + rest - v + sharpness * exp((v - onset) / sharpness)) / tau
    return Fire(**fire)(h, threshold, low)


@_zoo(
    states={"v": 0.0},
    params={"tau": 2.0, "threshold": 1.0, "gain": 1.0, "rest": 0.0, "critical": 0.8, "low": -0.1},
    choices=_FIRE,
    positional=("tau", "threshold"),
)
def QIF(
    v: Any,
    x: Any,
    *,
    tau: Any,
    threshold: Any,
    gain: Any,
    rest: Any,
    critical: Any,
    low: Any,
    **fire: Any,
) -> Any:
    """Quadratic integrate and fire: a parabola through `rest` and `critical`."""
    h = v + (x + gain * (v - rest) * (v - critical)) / tau
    return Fire(**fire)(h, threshold, low)


@_zoo(
    states={"v": -65.0, "u": -13.0},
    params={"a": 0.02, "b": 0.2, "c": -65.0, "d": 8.0, "dt": 0.5, "threshold": 30.0},
    choices=_SPIKE,
    positional=("threshold",),
)
def Izhikevich(
    v: Any, u: Any, x: Any, *, a: Any, b: Any, c: Any, d: Any, dt: Any, threshold: Any, **fire: Any
) -> Any:
    """Izhikevich's neuron in millivolts, dt milliseconds a step, which starts at rest."""
    h = v + dt * (0.04 * v * v + 5.0 * v + 140.0 - u + x)
    u = u + dt * (a * (b * v - u))
    v, s = Fire(**fire)(h, threshold, c)
    return v, u + d * s, s


@_zoo(
    states={"v": 0.0},
    params={"tau": 2.0, "threshold": 1.0},
    choices={"most": 4} | _LEAK | _SPIKE,
    limits={"tau": _STEPS, "most": (1, 64)},
    positional=("tau", "threshold"),
)
def IntegerLIF(
    v: Any,
    x: Any,
    *,
    tau: Any,
    threshold: Any,
    most: int,
    decay_input: bool,
    strict: bool,
    detach_reset: bool,
) -> Any:
    """Leaky integrate and fire that fires up to `most` times a step, with a soft reset."""
    h = leaky(v, x, lambda value: value / tau, decay_input)
    s = spike(h - threshold, strict=strict)
    for count in range(2, most + 1):
        s = s + spike(h - count * threshold, strict=strict)
    cause = detach(s) if detach_reset else s
    return h - cause * threshold, s


def ternary(
    h: Any, threshold: Any, rest: Any, reset: Reset, strict: bool, detach_reset: bool
) -> tuple[Any, Any]:
    """Fire 1 or -1 and reset; return the voltage afterwards, and the spike."""
    up, down = spike(h - threshold, strict=strict), spike(-h - threshold, strict=strict)
    s = up - down
    if reset == Reset.NONE:
        return h, s
    if detach_reset:
        up, down = detach(up), detach(down)
    if reset == Reset.SOFT:
        return h - (up - down) * threshold, s
    return select(up, rest, select(down, rest, h)), s


@_zoo(
    states={"v": 0.0},
    params={"tau": 2.0, "threshold": 1.0},
    choices=_FIRE | _LEAK,
    limits={"tau": _STEPS},
    positional=("tau", "threshold"),
    **_REST,
)
def TernaryLIF(
    v: Any,
    x: Any,
    *,
    tau: Any,
    threshold: Any,
    rest: Any,
    decay_input: bool,
    reset: Reset,
    strict: bool,
    detach_reset: bool,
) -> Any:
    """Leaky integrate and fire that also fires -1, at minus the threshold."""
    h = resting(v, rest, lambda value: value / tau, x, decay_input)
    return ternary(h, threshold, back(rest), reset, strict, detach_reset)


@_zoo(
    states={"v": 0.0}, params={"threshold": 1.0}, choices=_FIRE, positional=("threshold",), **_REST
)
def TernaryIF(
    v: Any, x: Any, *, threshold: Any, rest: Any, reset: Reset, strict: bool, detach_reset: bool
) -> Any:
    """Integrate and fire, without a leak, that also fires -1, at minus the threshold."""
    return ternary(v + x, threshold, back(rest), reset, strict, detach_reset)


@_zoo(
    states={"v": 0.0, "m": 0.0},
    params={"tau": 2.0, "threshold": 1.0, "spread": 1.0},
    choices={"decay_input": False} | _SPIKE,
    limits={"tau": _STEPS},
    positional=("tau", "threshold"),
)
def ComplementaryLIF(
    v: Any,
    m: Any,
    x: Any,
    *,
    tau: Any,
    threshold: Any,
    spread: Any,
    decay_input: bool,
    strict: bool,
    detach_reset: bool,
) -> Any:
    """Leaky integrate and fire with a memory of its spikes, which deepens the soft reset.

    `spread` is the voltage that the logistic functions count in.
    """
    h = leaky(v, x, lambda value: value / tau, decay_input)
    s = spike(h - threshold, strict=strict)
    m = m * sigmoid(h / tau / spread) + s
    cause = detach(s) if detach_reset else s
    return h - cause * (threshold + spread * sigmoid(m)), m, s


_GATES = {"alpha": 0.0, "beta": 0.0, "gamma": 0.0, "keep": -1.0, "conduct": 0.0}
_LOSSES = {"leak": -2.5, "drop": 0.0}


@_zoo(
    states={"v": 0.0, "y": 0.0},
    params={"threshold": 0.5} | _GATES | _LOSSES,
    choices={"strict": False},
    positional=("threshold",),
    learnable=(*_GATES, *_LOSSES),
)
def GatedLIF(
    v: Any,
    y: Any,
    x: Any,
    *,
    threshold: Any,
    alpha: Any,
    beta: Any,
    gamma: Any,
    keep: Any,
    conduct: Any,
    leak: Any,
    drop: Any,
    strict: bool,
) -> Any:
    """A neuron whose learned gates mix two leaks, two inputs and two resets; all are logits.

    The step after a spike resets: by a share of the voltage, and by `drop`.
    """
    alpha, beta, gamma = sigmoid(alpha), sigmoid(beta), sigmoid(gamma)
    share = 1 - alpha * (1 - sigmoid(keep))
    lost = (1 - alpha) * sigmoid(leak)
    dropped = (1 - gamma) * sigmoid(drop)
    h = share * (v - gamma * y * v) - lost - y * dropped + (1 - beta * (1 - sigmoid(conduct))) * x
    s = spike(h - threshold, strict=strict)
    return h, s, s


@_zoo(
    states={"v": 0.0},
    params={"tau": 2.0},
    choices=_LEAK,
    limits={"tau": _STEPS},
    positional=("tau",),
)
def LeakyIntegrator(v: Any, x: Any, *, tau: Any, decay_input: bool) -> Any:
    """A leaky voltage that never fires; the output is the voltage."""
    h = leaky(v, x, lambda value: value / tau, decay_input)
    return h, h


@_zoo(
    states={"u": 0.0, "v": 0.0},
    params={"current_decay": 1.0, "voltage_decay": 0.5, "threshold": 1.0, "bias": 0.0},
    limits={"current_decay": _SHARE, "voltage_decay": _SHARE},
    positional=("threshold",),
)
def CubaLIF(u: Any, v: Any, x: Any, **parameters: Any) -> Any:
    """Current based leaky integrate and fire, as chips compute it."""
    return cuba_lif_step(u, v, x, **parameters)
