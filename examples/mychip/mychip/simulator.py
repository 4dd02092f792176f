"""The chip in plain Python, one neuron after another: it knows the file and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mychip.neuron import LARGEST_STATE
from neurodeploy.trace import LayerTrace, Trace

Values = list[int]


def run(document: Mapping[str, Any], samples: NDArray[Any]) -> Trace:
    """Return what the chip computes of samples (T, N, inputs)."""
    layers = document["layers"]
    runs = [_run_sample(layers, samples[:, n].tolist()) for n in range(samples.shape[1])]
    traces = {}
    for position, layer in enumerate(layers):
        values = {
            key: np.stack(
                [np.asarray([step[position][key] for step in run]) for run in runs], axis=1
            )
            for key in ("v", "s")
        }
        traces[layer["neuron"]] = LayerTrace(values)
    return Trace(traces, layers[-1]["neuron"])


def _run_sample(layers: list[Any], steps: list[Values]) -> list[list[dict[str, Values]]]:
    """Return the states and spikes of every layer in every step."""
    states = [[0] * len(layer["thresholds"]) for layer in layers]
    shown = []
    for spikes in steps:
        step = []
        for position, layer in enumerate(layers):
            states[position], spikes = _step(layer, states[position], spikes)
            step.append({"v": states[position], "s": spikes})
        shown.append(step)
    return shown


def _step(layer: Mapping[str, Any], states: Values, spikes: Values) -> tuple[Values, Values]:
    """Return the states and spikes of one layer after one step."""
    following, fired = [], []
    for state, weights, threshold in zip(
        states, layer["weights"], layer["thresholds"], strict=True
    ):
        total = sum(weight for weight, spike in zip(weights, spikes, strict=True) if spike)
        voltage = max(-LARGEST_STATE, min(LARGEST_STATE, state + total))
        fires = voltage >= threshold
        following.append(0 if fires else voltage)
        fired.append(int(fires))
    return following, fired
