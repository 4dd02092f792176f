"""The step of sinabs 3.1: time constants in steps, exponential decay, soft resets, many spikes.

It ignores r and v_reset; an IF's voltage never falls below minus its threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from snncore.dynamics import maximum
from snncore.dynamics.zoo.spiking import Fire, Reset
from targets.nir.foreign.neurons.cell import Cell, Layer, Summary, cell
from targets.nir.foreign.neurons.counting import LIMIT, counted
from targets.nir.foreign.neurons.written import Numbers, Single, firing, form, integrating, of_power

_NAME = "sinabs 3.1"
_HARD = Fire(Reset.HARD, strict=False)


def _if_step(v: Any, x: Any, *, threshold: Any) -> Any:
    v, s = counted(v + x, threshold)
    least = -threshold
    return maximum(v - least, 0.0) + least, s


def _if_hard(v: Any, x: Any, *, threshold: Any) -> Any:
    return _HARD(v + x, threshold)


def _lif_step(v: Any, x: Any, *, keep: Any, threshold: Any) -> Any:
    return counted(keep * v + x, threshold)


def _lif_hard(v: Any, x: Any, *, keep: Any, threshold: Any) -> Any:
    return _HARD(keep * v + x, threshold)


def _li_step(v: Any, x: Any, *, keep: Any) -> Any:
    h = keep * v + x
    return h, h


def _notes(layer: Layer, *, r: bool = True) -> tuple[str, ...]:
    name, words = layer.node.name, []
    if r and (layer.single("r") != 1).any():
        words.append(f"{name}: sinabs ignores r")
    if layer.optional("v_reset", 0.0).any():
        words.append(f"{name}: sinabs ignores v_reset, and subtracts the threshold")
    if layer.reset != Reset.HARD:
        words.append(f"{name}: {LIMIT}")
    return tuple(words)


def _decay(layer: Layer) -> Any:
    """Return the logarithm of what a step keeps."""
    if layer.single("v_leak").any():
        raise layer.refused(_NAME, "takes v_leak = 0 only")
    return -(np.float32(1) / layer.positive("tau"))


def _cell_of(layer: Layer, steps: tuple[Any, Any], numbers: dict[str, Any]) -> Cell:
    threshold, ones = layer.positive("v_threshold"), np.ones(layer.shape, np.float32)
    keep = np.exp(numbers["keep"]) if numbers else ones
    reset = layer.reset or Reset.SOFT
    form = (1 - keep, ones, 0 * ones, None, threshold, None, False, reset)
    step = steps[reset == Reset.HARD]
    others: dict[str, Any] = {"exponentials": tuple(numbers), "notes": _notes(layer)}
    values = numbers | {"threshold": threshold}
    return cell(step, values, Summary(*form), layer.node.kind, **others)


def _if(layer: Layer) -> Cell:
    return _cell_of(layer, (_if_step, _if_hard), {})


def _lif(layer: Layer) -> Cell:
    return _cell_of(layer, (_lif_step, _lif_hard), {"keep": _decay(layer)})


def _li(layer: Layer) -> Cell:
    if (layer.single("r") != 1).any():
        raise layer.refused(_NAME, "takes an LI with r = 1 only")
    decay, ones = _decay(layer), np.ones(layer.shape, np.float32)
    summary = Summary(1 - np.exp(decay), ones, 0 * ones)
    others: dict[str, Any] = {"exponentials": ("keep",)}
    return cell(_li_step, {"keep": decay}, summary, "LI", **others)


CELLS: Mapping[str, Callable[[Layer], Cell]] = {"IF": _if, "LI": _li, "LIF": _lif}


def _write_lif(own: Mapping[str, Single], dt: float) -> Numbers:
    return firing(own, tau=of_power(own["keep"]), r=1.0, v_leak=0.0)


def _write_li(own: Mapping[str, Single], dt: float) -> Numbers:
    return {"tau": of_power(own["keep"]), "r": 1.0, "v_leak": 0.0}


FORMS = (
    form("IF", _if_step, "threshold", integrating),
    form("LI", _li_step, "keep", _write_li),
    form("LIF", _lif_step, "keep threshold", _write_lif),
)
