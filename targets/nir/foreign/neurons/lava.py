"""The step of Lava, by the converter of NIR's paper: hard resets above the threshold.

Lava's floats are float64, and its layers answer a step later each; here they are float32 and in
the same step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from snncore.dynamics.zoo.spiking import Reset
from targets.nir.foreign.neurons.cell import Cell, Layer, Summary, cell, fire
from targets.nir.foreign.neurons.written import Numbers, Single, firing, form, of_share

_NAME = "the converter of NIR's paper to Lava"
_HARD, _SOFT = (fire(reset, strict=True) for reset in (Reset.HARD, Reset.SOFT))


def _step(v: Any, x: Any, *, share: Any, threshold: Any) -> Any:
    return _HARD(v * (1 - share) + share * x, threshold)


def _soft(v: Any, x: Any, *, share: Any, threshold: Any) -> Any:
    return _SOFT(v * (1 - share) + share * x, threshold)


def _lif(layer: Layer) -> Cell:
    share = np.float32(layer.dt) / layer.positive("tau")
    threshold, reset = layer.single("v_threshold"), layer.reset or Reset.HARD
    name = layer.node.name
    notes = [f"{name}: Lava computes in float64, and answers a step later"]
    if (layer.single("r") != 1).any() or layer.single("v_leak").any():
        notes.append(f"{name}: Lava ignores r and v_leak")
    if layer.optional("v_reset", 0.0).any():
        notes.append(f"{name}: Lava ignores v_reset, and resets to 0")
    summary = Summary(share, share, 0 * share, None, threshold, reset=reset)
    step = _step if reset == Reset.HARD else _soft
    numbers = {"share": share, "threshold": threshold}
    return cell(step, numbers, summary, "LIF", notes=tuple(notes))


CELLS: Mapping[str, Callable[[Layer], Cell]] = {"LIF": _lif}


def _write(own: Mapping[str, Single], dt: float) -> Numbers:
    return firing(own, tau=of_share(own["share"], dt), r=1.0, v_leak=0.0)


FORMS = (form("LIF", _step, "share threshold", _write),)
