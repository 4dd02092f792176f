"""The step of snnTorch 1.0: v' = beta v + x, above the threshold, back to zero.

The weights are not scaled by r dt / tau: the threshold is divided by it. An IF becomes a Leaky with
beta = 0.9, as the package of 1.0.0 has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from snncore.dynamics.zoo.spiking import Reset
from targets.nir.foreign.neurons.cell import Array, Cell, Layer, Summary, cell, fire
from targets.nir.foreign.neurons.written import Numbers, Single, firing, form, of_kept, unscaled

_NAME = "snnTorch 1.0"
_HARD, _SOFT = (fire(reset, strict=True) for reset in (Reset.HARD, Reset.SOFT))
_OF_IF = 0.9


def _leaky(v: Any, x: Any, *, beta: Any, threshold: Any) -> Any:
    return _HARD(beta * v + x, threshold)


def _leaky_soft(v: Any, x: Any, *, beta: Any, threshold: Any) -> Any:
    return _SOFT(beta * v + x, threshold)


def _synaptic(u: Any, v: Any, x: Any, *, alpha: Any, beta: Any, threshold: Any) -> Any:
    u = alpha * u + x
    return (u, *_HARD(beta * v + u, threshold))


def _synaptic_soft(u: Any, v: Any, x: Any, *, alpha: Any, beta: Any, threshold: Any) -> Any:
    u = alpha * u + x
    return (u, *_SOFT(beta * v + u, threshold))


def _kept(layer: Layer, tau: str) -> Array:
    layer.positive(tau)
    return np.clip(1 - layer.dt / layer.own(tau), 0, 1).astype(np.float32)


def _threshold(layer: Layer, scale: Array) -> tuple[float, tuple[str, ...]]:
    """Return the threshold of inputs that nothing scales, and a note if that divides it."""
    threshold, notes = layer.uniform("v_threshold", _NAME), ()
    if threshold < 0:
        raise layer.refused(_NAME, "resets what starts above a negative threshold")
    if not np.allclose(scale, 1.0):
        if np.unique(scale).size > 1:
            raise layer.refused(_NAME, "divides the threshold by r dt / tau, one for a layer")
        factor = scale.reshape(-1)[:1]
        value = layer.own("v_threshold").reshape(-1)[:1] / factor
        words = f"snnTorch divides the threshold by {factor[0]:g} and does not scale the inputs"
        return float(value[0]), (f"{layer.node.name}: {words}",)
    return threshold, notes


def _no_leak(layer: Layer) -> None:
    if not np.allclose(layer.own("v_leak"), 0):
        raise layer.refused(_NAME, "takes v_leak = 0 only")


def _ignored(layer: Layer) -> tuple[str, ...]:
    name, words = layer.node.name, []
    if layer.optional("v_reset", 0.0).any():
        words.append(f"{name}: snnTorch ignores v_reset, and resets to 0")
    if any(values.dtype == np.float64 for values in layer.node.numbers.values()):
        words.append(f"{name}: its numbers are float64, and are computed in float32 here")
    return tuple(words)


def _cell_of(
    layer: Layer, numbers: dict[str, Any], threshold: float, notes: tuple[str, ...]
) -> Cell:
    full = {key: np.broadcast_to(value, layer.shape) for key, value in numbers.items()}
    limit = np.full(layer.shape, threshold, np.float32)
    ones, reset = np.ones(layer.shape, np.float32), layer.reset or Reset.HARD
    current = 1 - full["alpha"] if "alpha" in full else None
    summary = Summary(1 - full["beta"], ones, 0 * ones, current, limit, reset=reset)
    hard = reset == Reset.HARD
    steps = (_leaky, _leaky_soft) if current is None else (_synaptic, _synaptic_soft)
    step: Callable[..., Any] = steps[not hard]
    numbers |= {"threshold": np.float32(threshold)}
    others: dict[str, Any] = {"notes": (*notes, *_ignored(layer))}
    return cell(step, numbers, summary, layer.node.kind, **others)


def _if(layer: Layer) -> Cell:
    if layer.uniform("r", _NAME) != 1:
        raise layer.refused(_NAME, "takes an IF with r = 1 only")
    words = f"snnTorch 1.0.0 reads an IF as a leaky neuron with beta = {_OF_IF}"
    numbers = {"beta": np.float32(_OF_IF)}
    threshold = layer.uniform("v_threshold", _NAME)
    return _cell_of(layer, numbers, threshold, (f"{layer.node.name}: {words}",))


def _lif(layer: Layer) -> Cell:
    _no_leak(layer)
    threshold, notes = _threshold(layer, layer.own("r") * layer.dt / layer.own("tau"))
    return _cell_of(layer, {"beta": _kept(layer, "tau")}, threshold, notes)


def _cuba_lif(layer: Layer) -> Cell:
    _no_leak(layer)
    if not np.allclose(layer.own("r"), layer.own("tau_mem") / layer.dt):
        raise layer.refused(_NAME, "takes a CubaLIF with r = tau_mem / dt only")
    w_in = layer.own("w_in") if "w_in" in layer.node.numbers else np.ones(layer.shape)
    threshold, notes = _threshold(layer, w_in * (layer.dt / layer.own("tau_syn")))
    numbers = {"alpha": _kept(layer, "tau_syn"), "beta": _kept(layer, "tau_mem")}
    return _cell_of(layer, numbers, threshold, notes)


CELLS: Mapping[str, Callable[[Layer], Cell]] = {
    "IF": _if,
    "LIF": _lif,
    "CubaLIF": _cuba_lif,
}


def _write_leaky(own: Mapping[str, Single], dt: float) -> Numbers:
    tau = of_kept(own["beta"], dt)
    # So the inputs are not scaled, and the threshold is not divided.
    return firing(own, tau=tau, r=tau / dt, v_leak=0.0)


def _write_synaptic(own: Mapping[str, Single], dt: float) -> Numbers:
    return unscaled(own, dt, of_kept(own["beta"], dt), of_kept(own["alpha"], dt))


FORMS = (
    form("LIF", _leaky, "beta threshold", _write_leaky),
    form("CubaLIF", _synaptic, "alpha beta threshold", _write_synaptic),
)
