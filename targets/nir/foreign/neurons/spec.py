"""NIR's own meaning: forward Euler in float32, above the threshold, back to v_reset.

With dt the seconds of a step, v += dt / tau * ((v_leak - v) + r * i), and the current likewise
before it. Terms that change no bit are left out, so that neurons of our zoo are recognized.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from snncore.dynamics.zoo.spiking import Reset, leaky
from targets.nir.foreign.neurons.cell import Cell, Layer, Summary, cell, fire

Drive = Callable[..., Any]


def _plain(v: Any, x: Any) -> Any:
    return v + x


def _gained(v: Any, x: Any, *, gain: Any) -> Any:
    return v + gain * x


def _halved(v: Any, x: Any, *, tau: Any) -> Any:
    return leaky(v, x, lambda value: value / tau, True)


def _leaking(v: Any, x: Any, *, share: Any) -> Any:
    return v + share * (x - v)


def _general(v: Any, x: Any, *, share: Any, rest: Any, r: Any) -> Any:
    return v + share * ((rest - v) + r * x)


def _charge(layer: Layer, tau: str) -> tuple[Drive, dict[str, Any]]:
    """Return how a leaky voltage takes its input, and the numbers of it."""
    share = np.float32(layer.dt) / layer.positive(tau)
    rest, r = layer.single("v_leak"), layer.single("r")
    if rest.any() or (r != 1).any():
        return _general, {"share": share, "rest": rest, "r": r}
    # A share of 2**-k multiplies as 2**k divides, bit for bit.
    if (np.frexp(share)[0] == 0.5).all() and (share <= 1).all():
        return _halved, {"tau": 1 / share}
    return _leaking, {"share": share}


def _integrating(layer: Layer) -> tuple[Drive, dict[str, Any]]:
    gain = np.float32(layer.dt) * layer.single("r")
    return (_plain, {}) if (gain == 1).all() else (_gained, {"gain": gain})


# By the way a voltage takes its input: the numbers of it.
DRIVES: Mapping[Drive, tuple[str, ...]] = {
    _plain: (),
    _gained: ("gain",),
    _halved: ("tau",),
    _leaking: ("share",),
    _general: ("share", "rest", "r"),
}


@lru_cache(maxsize=64)
def stepped(
    drive: Drive, own: tuple[str, ...], reset: Reset | None, resting: bool, current: bool
) -> Callable[..., Any]:
    """Return the step of neurons: with a current or without, that fire or do not."""
    rule = None if reset is None else fire(reset, strict=True)

    def fired(h: Any, values: dict[str, Any]) -> Any:
        if rule is None:
            return h, h
        threshold = values["threshold"]
        return rule(h, threshold, values["v_reset"]) if resting else rule(h, threshold)

    def step(v: Any, x: Any, **values: Any) -> Any:
        return fired(drive(v, x, **{name: values[name] for name in own}), values)

    def behind(u: Any, v: Any, x: Any, **values: Any) -> Any:
        u = u + values["loss"] * (values["w_in"] * x - u)
        return (u, *fired(drive(v, u, **{name: values[name] for name in own}), values))

    return behind if current else step


def _cell(layer: Layer, drive: Drive, numbers: dict[str, Any], name: str, fires: bool) -> Cell:
    own, current = tuple(numbers), name.startswith("Cuba")
    tau = next((key for key in ("tau_mem", "tau") if key in layer.node.numbers), None)
    zeros = np.zeros(layer.shape, np.float32)
    leak = zeros if tau is None else np.float32(layer.dt) / layer.single(tau)
    gain = np.float32(layer.dt) * layer.single("r") if tau is None else leak * layer.single("r")
    bias = zeros if tau is None else leak * layer.single("v_leak")
    form: dict[str, Any] = {"leak": leak, "gain": gain, "bias": bias}
    if current:
        loss = np.float32(layer.dt) / layer.positive("tau_syn")
        w_in = layer.optional("w_in", 1.0)
        numbers |= {"loss": loss, "w_in": w_in}
        form |= {"current": loss, "gain": gain * loss * w_in}
    reset, resting = None, False
    if fires:
        reset = layer.reset or Reset.HARD
        threshold, rest = layer.single("v_threshold"), layer.optional("v_reset", 0.0)
        resting = reset == Reset.HARD and bool(rest.any())
        numbers |= {"threshold": threshold} | ({"v_reset": rest} if resting else {})
        form |= {"threshold": threshold, "rest": rest, "reset": reset}
    step = stepped(drive, own, reset, resting, current)
    return cell(step, numbers, Summary(**form), name)


def _if(layer: Layer) -> Cell:
    return _cell(layer, *_integrating(layer), "IF", fires=True)


def _lif(layer: Layer) -> Cell:
    return _cell(layer, *_charge(layer, "tau"), "LIF", fires=True)


def _cuba_lif(layer: Layer) -> Cell:
    return _cell(layer, *_charge(layer, "tau_mem"), "CubaLIF", fires=True)


def _i(layer: Layer) -> Cell:
    return _cell(layer, *_integrating(layer), "I", fires=False)


def _li(layer: Layer) -> Cell:
    return _cell(layer, *_charge(layer, "tau"), "LI", fires=False)


def _cuba_li(layer: Layer) -> Cell:
    return _cell(layer, *_charge(layer, "tau_mem"), "CubaLI", fires=False)


CELLS: Mapping[str, Callable[[Layer], Cell]] = {
    "I": _i,
    "IF": _if,
    "LI": _li,
    "LIF": _lif,
    "CubaLI": _cuba_li,
    "CubaLIF": _cuba_lif,
}
