"""Neurons whose spike resets them in the step after it, as snnTorch has them.

They fire above the threshold; `delayed=False` resets within the step. `gain` is a spike's size.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from snncore.dynamics import detach, log, select, spike
from snncore.dynamics.zoo.spiking import Reset
from snncore.neuron.define import define

_zoo = partial(define, by_name=True)
_RESET: dict[str, Any] = {"reset": Reset.SOFT}
_DELAYED: dict[str, Any] = _RESET | {"delayed": True}
_SENT: dict[str, Any] = {"optional": {"gain": 1.0}}
_SHARE = (0, 1)


def fires(mem: Any, threshold: Any) -> Any:
    """Return the spikes of voltages above the threshold."""
    return spike(mem - threshold, strict=True)


def sent(s: Any, gain: Any) -> Any:
    """Return a spike in its size."""
    return s if gain is None else s * gain


def reset_late(h: Any, last: Any, threshold: Any, reset: Reset) -> Any:
    """Return a charged voltage after the reset by the last step's spike."""
    if reset == Reset.HARD:
        return select(last, 0.0, h)
    return h - last * threshold if reset == Reset.SOFT else h


def fire(
    h: Any, last: Any, threshold: Any, gain: Any, *, reset: Reset, delayed: bool
) -> tuple[Any, Any]:
    """Return the voltage that is kept, and the spike; `last` is the last step's spike."""
    s = fires(h, threshold)
    if not delayed and reset != Reset.NONE:
        late = s - last
        h = h - late * (threshold if reset == Reset.SOFT else h)
    return h, sent(s, gain)


@_zoo(
    states={"mem": 0.0},
    params={"beta": 0.9, "threshold": 1.0},
    choices=_DELAYED,
    limits={"beta": _SHARE},
    positional=("beta", "threshold"),
    **_SENT,
)
def Leaky(
    mem: Any, x: Any, *, beta: Any, threshold: Any, gain: Any, reset: Reset, delayed: bool
) -> Any:
    """Keep the share `beta` of the voltage and add the input."""
    last = detach(fires(mem, threshold))
    h = beta * (select(last, 0.0, mem) if reset == Reset.HARD else mem) + x
    if reset == Reset.SOFT:
        h = h - last * threshold
    return fire(h, last, threshold, gain, reset=reset, delayed=delayed)


@_zoo(
    states={"syn": 0.0, "mem": 0.0},
    params={"alpha": 0.9, "beta": 0.8, "threshold": 1.0},
    choices=_DELAYED,
    limits={"alpha": _SHARE, "beta": _SHARE},
    positional=("alpha", "beta", "threshold"),
    **_SENT,
)
def Synaptic(
    syn: Any, mem: Any, x: Any, *,
    alpha: Any, beta: Any, threshold: Any, gain: Any, reset: Reset, delayed: bool,
) -> Any:  # fmt: skip
    """Let a leaky current drive a leaky voltage; the current is not reset."""
    last = detach(fires(mem, threshold))
    syn = alpha * syn + x
    h = reset_late(beta * mem + syn, last, threshold, reset)
    return syn, *fire(h, last, threshold, gain, reset=reset, delayed=delayed)


@_zoo(
    states={"syn_exc": 0.0, "syn_inh": 0.0, "mem": 0.0},
    params={"alpha": 0.9, "beta": 0.8, "threshold": 1.0},
    choices={"reset": Reset.HARD},
    limits={"alpha": _SHARE, "beta": _SHARE},
    positional=("alpha", "beta", "threshold"),
    optional={"gain": 1.0, "tau": 0.0},
)
def Alpha(
    syn_exc: Any, syn_inh: Any, mem: Any, x: Any, *,
    alpha: Any, beta: Any, tau: Any, threshold: Any, gain: Any, reset: Reset,
) -> Any:  # fmt: skip
    """Respond to an input by an alpha function: the difference of two decays, `alpha` > `beta`.

    `tau` is its height, log(alpha) / (log(beta) - log(alpha)) + 1 if it is not given.
    """
    height = log(alpha) / (log(beta) - log(alpha)) + 1.0 if tau is None else tau
    last = detach(fires(mem, threshold))
    e, i = alpha * syn_exc + x, beta * syn_inh - x
    h = height * (e + i)
    if reset == Reset.HARD:
        e, i, h = select(last, 0.0, e), select(last, 0.0, i), select(last, 0.0, h)
    elif reset == Reset.SOFT:
        e, i, h = e - threshold * last, select(last, 0.0, i), h + syn_inh * last
    return e, i, h, sent(fires(h, threshold), gain)


@_zoo(
    states={"mem": 0.0},
    params={"resistance": 5.0, "capacitance": 1.0, "dt": 1.0, "threshold": 1.0},
    choices=_RESET,
    positional=("threshold",),
    **_SENT,
)
def Lapicque(
    mem: Any, x: Any, *,
    resistance: Any, capacitance: Any, dt: Any, threshold: Any, gain: Any, reset: Reset,
) -> Any:  # fmt: skip
    """Charge a capacitance through a resistance, `dt` a step."""
    per = resistance * capacitance
    last = detach(fires(mem, threshold))
    charge = x * resistance * (1.0 / per) * dt
    h = reset_late(charge + (1.0 - dt / per) * mem, last, threshold, reset)
    return h, sent(fires(h, threshold), gain)
