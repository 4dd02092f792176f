"""The step of SpikingJelly 2.0: it fires at the threshold, and takes few files, but those whole.

One number for a layer; r is 1 or tau / dt; v_leak is v_reset, where voltages start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isclose
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
    of_kept_in_double,
    of_steps,
    unscaled,
)

_NAME = "SpikingJelly 2.0"
_FIRE = fire(Reset.HARD, strict=False)


def _inside(v: Any, x: Any, *, tau: Any, threshold: Any) -> Any:
    return _FIRE(leaky(v, x, lambda value: value / tau, True), threshold)


def _beside(v: Any, x: Any, *, tau: Any, threshold: Any) -> Any:
    return _FIRE(leaky(v, x, lambda value: value / tau, False), threshold)


def _inside_resting(v: Any, x: Any, *, tau: Any, threshold: Any, v_reset: Any) -> Any:
    return _FIRE(v + (x - (v - v_reset)) / tau, threshold, v_reset)


def _beside_resting(v: Any, x: Any, *, tau: Any, threshold: Any, v_reset: Any) -> Any:
    return _FIRE(v - (v - v_reset) / tau + x, threshold, v_reset)


def _integrating(v: Any, x: Any, *, threshold: Any) -> Any:
    return _FIRE(v + x, threshold)


def _integrating_resting(v: Any, x: Any, *, threshold: Any, v_reset: Any) -> Any:
    return _FIRE(v + x, threshold, v_reset)


def _cuba(u: Any, v: Any, x: Any, *, keep_u: Any, keep_v: Any, threshold: Any) -> Any:
    u = u * keep_u + x
    return (u, *_FIRE(v * keep_v + u, threshold))


def _cuba_resting(
    u: Any, v: Any, x: Any, *, keep_u: Any, keep_v: Any, threshold: Any, v_reset: Any
) -> Any:
    u = u * keep_u + x
    return (u, *_FIRE(v * keep_v + u, threshold, v_reset))


def _near(value: float, expected: float) -> bool:
    return isclose(value, expected, rel_tol=1e-6, abs_tol=1e-12)


def _cell_of(
    layer: Layer,
    steps: tuple[Any, Any],
    numbers: dict[str, float],
    form: tuple[float, float, float | None],
) -> Cell:
    """Return the cell of a layer whose numbers are one each."""
    if layer.reset == Reset.SOFT:
        raise layer.refused(_NAME, "has no soft reset in NIR")
    threshold = layer.uniform("v_threshold", _NAME)
    rest = layer.uniform("v_reset", _NAME) if "v_reset" in layer.node.numbers else 0.0
    numbers |= {"threshold": threshold} | ({"v_reset": rest} if rest else {})
    leak, gain, current = (None if each is None else _full(layer, each) for each in form)
    assert leak is not None
    assert gain is not None
    values = (leak, gain, leak * rest, current, _full(layer, threshold), _full(layer, rest))
    initial = {"v": float(np.float32(rest))} if rest else {}
    arrays = {key: np.float32(value) for key, value in numbers.items()}
    summary = Summary(*values, strict=False)
    return cell(steps[bool(rest)], arrays, summary, layer.node.kind, initial=initial)


def _full(layer: Layer, value: float) -> Any:
    return np.full(layer.shape, value, np.float32)


def _if(layer: Layer) -> Cell:
    if not _near(layer.uniform("r", _NAME), 1 / layer.dt):
        raise layer.refused(_NAME, f"takes an IF with r = 1 / dt, here {1 / layer.dt:g}")
    return _cell_of(layer, (_integrating, _integrating_resting), {}, (0.0, 1.0, None))


def _lif(layer: Layer) -> Cell:
    tau, r = layer.uniform("tau", _NAME) / layer.dt, layer.uniform("r", _NAME)
    if not tau > 1:
        raise layer.refused(_NAME, f"takes a tau longer than a step, not of {tau:g} steps")
    rest = layer.uniform("v_reset", _NAME) if "v_reset" in layer.node.numbers else 0.0
    if not _near(layer.uniform("v_leak", _NAME), rest):
        raise layer.refused(_NAME, "takes v_leak equal to v_reset")
    if _near(r, 1.0):
        return _cell_of(layer, (_inside, _inside_resting), {"tau": tau}, (1 / tau, 1 / tau, None))
    if _near(r, tau):
        return _cell_of(layer, (_beside, _beside_resting), {"tau": tau}, (1 / tau, 1.0, None))
    raise layer.refused(_NAME, f"takes r = 1 or tau / dt, here {tau:g}, not {r:g}")


def _cuba_lif(layer: Layer) -> Cell:
    taus = {name: layer.uniform(name, _NAME) / layer.dt for name in ("tau_syn", "tau_mem")}
    if min(taus.values()) < 1:
        raise layer.refused(_NAME, "takes time constants of a step or more")
    w_in = layer.uniform("w_in", _NAME) if "w_in" in layer.node.numbers else 1.0
    for name, value, tau in (
        ("r", layer.uniform("r", _NAME), taus["tau_mem"]),
        ("w_in", w_in, taus["tau_syn"]),
    ):
        if not _near(value, tau):
            raise layer.refused(_NAME, f"takes a CubaLIF with {name} = {tau:g}, not {value:g}")
    if not _near(layer.uniform("v_leak", _NAME), 0.0):
        raise layer.refused(_NAME, "takes a CubaLIF with v_leak = 0")
    keeps = {
        "keep_u": 1.0 - layer.dt / (taus["tau_syn"] * layer.dt),
        "keep_v": 1.0 - layer.dt / (taus["tau_mem"] * layer.dt),
    }
    form = (1 / taus["tau_mem"], 1.0, 1 / taus["tau_syn"])
    return _cell_of(layer, (_cuba, _cuba_resting), keeps, form)


CELLS: Mapping[str, Callable[[Layer], Cell]] = {
    "IF": _if,
    "LIF": _lif,
    "CubaLIF": _cuba_lif,
}


def _write_inside(own: Mapping[str, Single], dt: float) -> Numbers:
    return firing(own, tau=of_steps(own["tau"], dt), r=1.0, v_leak=0.0)


def _write_beside(own: Mapping[str, Single], dt: float) -> Numbers:
    return firing(own, tau=of_steps(own["tau"], dt), r=own["tau"], v_leak=0.0)


def _write_cuba(own: Mapping[str, Single], dt: float) -> Numbers:
    return unscaled(
        own, dt, of_kept_in_double(own["keep_v"], dt), of_kept_in_double(own["keep_u"], dt)
    )


FORMS = (
    form("IF", _integrating, "threshold", integrating),
    form("LIF", _inside, "tau threshold", _write_inside),
    form("LIF", _beside, "tau threshold", _write_beside),
    form("CubaLIF", _cuba, "keep_u keep_v threshold", _write_cuba),
)
