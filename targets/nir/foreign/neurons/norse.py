"""The step of Norse 1.1: Euler by inverse time constants, above the threshold, back to zero.

It ignores r (but in a CubaLIF) and v_reset, and its voltages start at v_leak.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from snncore.dynamics.zoo.spiking import Reset, leaky
from targets.nir.foreign.neurons.cell import Cell, Layer, Summary, cell, fire
from targets.nir.foreign.neurons.written import (
    Numbers,
    Single,
    firing,
    form,
    integrating,
    of_inverse,
)

_HARD, _SOFT = (fire(reset, strict=True) for reset in (Reset.HARD, Reset.SOFT))


def _halved(v: Any, x: Any, *, tau: Any, threshold: Any) -> Any:
    return _HARD(leaky(v, x, lambda value: value / tau, True), threshold)


def _hard(v: Any, x: Any, *, share: Any, leak: Any, threshold: Any) -> Any:
    return _HARD(v + share * ((x + leak) - v), threshold)


def _soft(v: Any, x: Any, *, share: Any, leak: Any, threshold: Any) -> Any:
    return _SOFT(v + share * ((x + leak) - v), threshold)


def _integrating(v: Any, x: Any, *, threshold: Any) -> Any:
    return _HARD(v + x, threshold)


def _integrating_soft(v: Any, x: Any, *, threshold: Any) -> Any:
    return _SOFT(v + x, threshold)


def _reading(v: Any, x: Any, *, share: Any, leak: Any) -> Any:
    h = v + share * ((leak - v) + x)
    return h, h


def _current(u: Any, x: Any, w_in: Any, loss: Any, leak: Any, r: Any) -> tuple[Any, Any]:
    u = u + loss * ((leak - u) + w_in * x)
    return u, r * u


def _cuba(
    u: Any, v: Any, x: Any, *, w_in: Any, loss: Any, leak: Any, r: Any, share: Any, threshold: Any
) -> Any:
    u, i = _current(u, x, w_in, loss, leak, r)
    return (u, *_hard(v, i, share=share, leak=leak, threshold=threshold))


def _cuba_soft(
    u: Any, v: Any, x: Any, *, w_in: Any, loss: Any, leak: Any, r: Any, share: Any, threshold: Any
) -> Any:
    u, i = _current(u, x, w_in, loss, leak, r)
    return (u, *_soft(v, i, share=share, leak=leak, threshold=threshold))


def _share(layer: Layer, tau: str) -> Any:
    return np.float32(layer.dt) * (np.float32(1) / layer.positive(tau))


def _start(layer: Layer, *states: str) -> dict[str, float]:
    """Return the states' beginning, v_leak.

    Raises:
        UnsupportedLayerError: if it differs between neurons.
    """
    leak = layer.single("v_leak")
    if not leak.any():
        return {}
    return dict.fromkeys(states, layer.uniform("v_leak", "Norse 1.1, which starts there,"))


def _ignored(layer: Layer, *, r: bool) -> tuple[str, ...]:
    """Return the words for what Norse leaves out."""
    name, words = layer.node.name, []
    if r and (layer.single("r") != 1).any():
        words.append(f"{name}: Norse ignores r ({layer.single('r').reshape(-1)[0]:g})")
    if layer.optional("v_reset", 0.0).any():
        words.append(f"{name}: Norse ignores v_reset, and resets to 0")
    return tuple(words)


def _lif(layer: Layer) -> Cell:
    share, leak = _share(layer, "tau"), layer.single("v_leak")
    threshold = layer.single("v_threshold")
    reset = layer.reset or Reset.HARD
    exact = (np.frexp(share)[0] == 0.5).all() and (share <= 1).all() and not leak.any()
    summary = Summary(share, share, share * leak, None, threshold, reset=reset)
    others: dict[str, Any] = {
        "initial": _start(layer, "v"),
        "notes": _ignored(layer, r=True),
    }
    if exact and reset == Reset.HARD:
        numbers = {"tau": 1 / share, "threshold": threshold}
        return cell(_halved, numbers, summary, "LIF", **others)
    numbers = {"share": share, "leak": leak, "threshold": threshold}
    step = _hard if reset == Reset.HARD else _soft
    return cell(step, numbers, summary, "LIF", **others)


def _if(layer: Layer) -> Cell:
    threshold, reset = layer.single("v_threshold"), layer.reset or Reset.HARD
    step = _integrating if reset == Reset.HARD else _integrating_soft
    ones = np.ones(layer.shape, np.float32)
    summary = Summary(0 * ones, ones, 0 * ones, None, threshold, reset=reset)
    notes = _ignored(layer, r=True)
    return cell(step, {"threshold": threshold}, summary, "IF", notes=notes)


def _cuba_lif(layer: Layer) -> Cell:
    share, loss = _share(layer, "tau_mem"), _share(layer, "tau_syn")
    leak, threshold = layer.single("v_leak"), layer.single("v_threshold")
    r, w_in, reset = layer.single("r"), layer.optional("w_in", 1.0), layer.reset or Reset.HARD
    numbers = {"w_in": w_in, "loss": loss, "leak": leak, "r": r, "share": share}
    # The current leaks to v_leak too.
    bias = share * leak * (1 + r)
    form = (share, share * r * loss * w_in, bias, loss, threshold)
    step = _cuba if reset == Reset.HARD else _cuba_soft
    notes = _ignored(layer, r=False)
    if leak.any():
        notes = (*notes, f"{layer.node.name}: Norse's current leaks to v_leak as well")
    others: dict[str, Any] = {"initial": _start(layer, "u", "v"), "notes": notes}
    summary = Summary(*form, reset=reset)
    return cell(step, numbers | {"threshold": threshold}, summary, "CubaLIF", **others)


def _li(layer: Layer) -> Cell:
    share, leak = _share(layer, "tau"), layer.single("v_leak")
    words = "Norse 1.1.0 does not read LI; it is computed as its LIBoxCell does"
    notes = (f"{layer.node.name}: {words}", *_ignored(layer, r=True))
    summary = Summary(share, share, share * leak)
    others: dict[str, Any] = {"initial": _start(layer, "v"), "notes": notes}
    return cell(_reading, {"share": share, "leak": leak}, summary, "LI", **others)


CELLS: Mapping[str, Callable[[Layer], Cell]] = {
    "IF": _if,
    "LI": _li,
    "LIF": _lif,
    "CubaLIF": _cuba_lif,
}


def _write_halved(own: Mapping[str, Single], dt: float) -> Numbers:
    return firing(own, tau=of_inverse(1 / own["tau"], dt), r=1.0, v_leak=0.0)


def _write_leaky(own: Mapping[str, Single], dt: float) -> Numbers:
    return firing(own, tau=of_inverse(own["share"], dt), r=1.0, v_leak=own["leak"])


def _write_reading(own: Mapping[str, Single], dt: float) -> Numbers:
    return {"tau": of_inverse(own["share"], dt), "r": 1.0, "v_leak": own["leak"]}


def _write_cuba(own: Mapping[str, Single], dt: float) -> Numbers:
    taus = {"tau_mem": of_inverse(own["share"], dt), "tau_syn": of_inverse(own["loss"], dt)}
    return firing(own, **taus, r=own["r"], w_in=own["w_in"], v_leak=own["leak"])


FORMS = (
    form("IF", _integrating, "threshold", integrating),
    form("LI", _reading, "share leak", _write_reading),
    form("LIF", _halved, "tau threshold", _write_halved),
    form("LIF", _hard, "share leak threshold", _write_leaky),
    form("CubaLIF", _cuba, "w_in loss leak r share threshold", _write_cuba),
)
