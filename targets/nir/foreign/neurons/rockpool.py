"""The step of Rockpool 3.1: exponential decay after the input, soft resets, many spikes.

The seconds of a step are tau_mem / (1 + r) of the file, whatever wrote it; w_in and v_reset are
ignored, and v_leak is a bias.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from snncore.dynamics.zoo.spiking import Reset
from targets.nir.foreign.neurons.cell import Cell, Layer, Summary, cell
from targets.nir.foreign.neurons.counting import LIMIT, counted
from targets.nir.foreign.neurons.written import Numbers, Single, firing, form, of_power

_NAME = "Rockpool 3.1"


def _step(u: Any, v: Any, x: Any, *, keep_u: Any, keep_v: Any, bias: Any, threshold: Any) -> Any:
    u = (u + x) * keep_u
    return (u, *counted(v * keep_v + u + bias, threshold))


def _cuba_lif(layer: Layer) -> Cell:
    if layer.reset == Reset.HARD:
        raise layer.refused(_NAME, "has no hard reset")
    mem, syn = layer.positive("tau_mem"), layer.positive("tau_syn")
    dt = float((layer.own("tau_mem") / (1 + layer.own("r"))).min())
    bias, threshold = layer.single("v_leak"), layer.positive("v_threshold")
    logs = {"keep_u": (1 / syn) * np.float32(-dt), "keep_v": (1 / mem) * np.float32(-dt)}
    kept = {key: np.exp(value) for key, value in logs.items()}
    form = (1 - kept["keep_v"], kept["keep_u"], bias, 1 - kept["keep_u"], threshold)
    summary = Summary(*form, strict=False, reset=Reset.SOFT)
    name = layer.node.name
    notes = [f"{name}: {LIMIT}", f"{name}: Rockpool takes a step of {dt:g} s"]
    if layer.optional("v_reset", 0.0).any() or (layer.optional("w_in", 1.0) != 1).any():
        notes.append(f"{name}: Rockpool ignores w_in and v_reset")
    numbers = logs | {"bias": bias, "threshold": threshold}
    others: dict[str, Any] = {"exponentials": tuple(logs), "notes": tuple(notes)}
    return cell(_step, numbers, summary, "CubaLIF", **others)


CELLS: Mapping[str, Callable[[Layer], Cell]] = {"CubaLIF": _cuba_lif}


def _write(own: Mapping[str, Single], dt: float) -> Numbers:
    mem, syn = of_power(own["keep_v"]), of_power(own["keep_u"])
    # Rockpool takes a step of tau_mem / (1 + r), which is 1 here.
    return firing(own, tau_mem=mem, tau_syn=syn, r=mem - 1, w_in=1.0, v_leak=own["bias"])


FORMS = (form("CubaLIF", _step, "keep_u keep_v bias threshold", _write),)
