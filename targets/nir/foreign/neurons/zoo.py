"""The nearest neurons of our zoo, which chips have: equal in exact arithmetic, not in every bit.

With a voltage in units of the gain, v' = (1 - leak) v + x + bias: its threshold, bias and readout
are divided by the gain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neurodeploy.errors import UnsupportedLayerError
from snncore.dynamics.zoo.spiking import Reset, cuba_lif_step, leaky
from targets.nir.foreign.neurons.cell import Array, Cell, Summary, cell, fire

_ONE = np.float32(1)


def of_zoo(name: str, exact: Cell) -> Cell:
    """Return the neurons of our zoo that are nearest to a cell.

    Raises:
        UnsupportedLayerError: if none are; names the layer.
    """
    form = exact.summary
    _require(name, form, exact)
    step, numbers = _step(name, form)
    words = "our zoo's neurons stand for it, whose sums are rounded otherwise"
    notes = [f"{name}: {words}"]
    gain = np.asarray(form.gain)
    if (gain != 1).any():
        notes.append(f"{name}: voltages are in units of {float(gain.reshape(-1)[0]):g}")
    if exact.initial:
        notes.append(f"{name}: voltages start at 0, not at {next(iter(exact.initial.values())):g}")
    return cell(step, numbers, form, exact.equations.name, notes=tuple(notes))


def _require(name: str, form: Summary, exact: Cell) -> None:
    rest = form.rest
    problem = None
    if rest is not None and np.any(rest) and form.reset == Reset.HARD:
        problem = "resets to a voltage that is not 0"
    elif not (np.asarray(form.gain) > 0).all():
        problem = "has a resistance that is not above 0"
    elif form.threshold is None and form.current is not None:
        problem = "is a readout with a current"
    elif not ((np.asarray(form.leak) >= 0) & (np.asarray(form.leak) <= 1)).all():
        problem = "loses more than its voltage in a step"
    if problem is not None:
        raise UnsupportedLayerError(
            f"{name}: {problem}, which no neuron of our zoo is",
            remedy="convert it without --option neurons=zoo",
        )


def _step(name: str, form: Summary) -> tuple[Callable[..., Any], dict[str, Array]]:
    gain = np.asarray(form.gain, np.float32)
    if form.threshold is None:
        return _integrator, {"tau": _ONE / _positive(name, form.leak)}
    threshold = np.asarray(form.threshold, np.float32) / gain
    if form.current is None and not np.any(form.bias):
        if not np.any(form.leak):
            return _FIRES["IF", form.strict, form.reset], {"threshold": threshold}
        numbers = {"tau": _ONE / _positive(name, form.leak), "threshold": threshold}
        return _FIRES["LIF", form.strict, form.reset], numbers
    if form.reset != Reset.HARD:
        raise UnsupportedLayerError(
            f"{name}: our CubaLIF has a hard reset, and this one a soft one"
        )
    current = _ONE if form.current is None else np.asarray(form.current, np.float32)
    return _cuba, {
        "current_decay": np.broadcast_to(current, threshold.shape),
        "voltage_decay": np.asarray(form.leak, np.float32),
        "threshold": threshold,
        "bias": np.asarray(form.bias, np.float32) / gain,
    }


def _positive(name: str, leak: Array) -> Array:
    if not (np.asarray(leak) > 0).all():
        raise UnsupportedLayerError(f"{name}: some of its voltages leak and some do not")
    return np.asarray(leak, np.float32)


def _integrator(v: Any, x: Any, *, tau: Any) -> Any:
    h = leaky(v, x, lambda value: value / tau, False)
    return h, h


def _cuba(u: Any, v: Any, x: Any, **values: Any) -> Any:
    return cuba_lif_step(u, v, x, **values)


def _integrating(reset: Reset, *, strict: bool) -> Callable[..., Any]:
    def step(v: Any, x: Any, *, threshold: Any) -> Any:
        return fire(reset, strict=strict)(v + x, threshold)

    return step


def _leaking(reset: Reset, *, strict: bool) -> Callable[..., Any]:
    def step(v: Any, x: Any, *, tau: Any, threshold: Any) -> Any:
        h = leaky(v, x, lambda value: value / tau, False)
        return fire(reset, strict=strict)(h, threshold)

    return step


_FIRES = {
    (name, strict, reset): make(reset, strict=strict)
    for name, make in (("IF", _integrating), ("LIF", _leaking))
    for strict in (False, True)
    for reset in (Reset.HARD, Reset.SOFT)
}
