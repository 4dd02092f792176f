"""Runs layers of integers in brian2-loihi; the sandbox starts it under Python 3.11.

All samples run at once, each on neurons of its own: they start from rest and never meet.
"""

import importlib.metadata
import sys
from typing import Any

import numpy as np
from brian2 import prefs
from brian2_loihi import (
    LoihiNetwork,
    LoihiNeuronGroup,
    LoihiSpikeGeneratorGroup,
    LoihiSpikeMonitor,
    LoihiStateMonitor,
    LoihiSynapses,
    synapse_sign_mode,
)

prefs.codegen.target = "numpy"
INPUT = -1
SIGNS = {1: synapse_sign_mode.EXCITATORY, -1: synapse_sign_mode.INHIBITORY}
SELF_TEST = [[1, 0, 0, 1], [1920, -320, -160, 1840], [0, -320, -400, 0]]


def group_of(layer: dict[str, Any], count: int) -> Any:
    """Return a layer's neurons, for every sample."""
    values = {name: int(layer[name][0]) for name in ("threshold", "voltage_decay", "current_decay")}
    return LoihiNeuronGroup(
        layer["size"] * count,
        threshold_v_mant=values["threshold"],
        decay_v=values["voltage_decay"],
        decay_I=values["current_decay"],
    )


def synapses_of(source: Any, target: Any, link: dict[str, Any], count: int) -> list[Any]:
    """Return connections: a group per sign and delay, because a group has one of each."""
    weight, delays = link["weight"], link["delays"]
    outputs, inputs = weight.shape
    all_synapses = []
    for steps in np.unique(delays):
        for sign, mode in SIGNS.items():
            rows, columns = np.nonzero((weight * sign > 0) & (delays == steps))
            if len(rows) == 0:
                continue
            synapses = LoihiSynapses(source, target, delay=int(steps), sign_mode=mode)
            offset = np.repeat(np.arange(count), len(rows))
            synapses.connect(
                i=np.tile(columns, count) + offset * inputs,
                j=np.tile(rows, count) + offset * outputs,
            )
            synapses.w = np.tile(weight[rows, columns], count)
            all_synapses.append(synapses)
    return all_synapses


def simulate(layers: list[dict[str, Any]], samples: np.ndarray) -> list[dict[str, np.ndarray]]:
    """Return spikes and states of every layer, (T, N, neurons)."""
    steps, count, width = samples.shape
    times, sample, neuron = np.nonzero(samples)
    source = LoihiSpikeGeneratorGroup(count * width, sample * width + neuron, times)
    groups = [group_of(layer, count) for layer in layers]
    synapses = [
        connection
        for layer, group in zip(layers, groups, strict=True)
        for link in layer["links"]
        for connection in synapses_of(
            source if link["source"] == INPUT else groups[link["source"]], group, link, count
        )
    ]
    monitors = [
        (LoihiSpikeMonitor(group), LoihiStateMonitor(group, "I"), LoihiStateMonitor(group, "v"))
        for group in groups
    ]
    network = LoihiNetwork(source, *groups, *synapses, *(m for each in monitors for m in each))
    network.run(steps + len(layers))
    return [
        shown(layer, monitor, lag, steps, count)
        for lag, (layer, monitor) in enumerate(zip(layers, monitors, strict=True))
    ]


def shown(
    layer: dict[str, Any], monitors: Any, lag: int, steps: int, count: int
) -> dict[str, np.ndarray]:
    """Return the monitors' records, from the layer's own first step on."""
    fired, current, voltage = monitors
    size, rows = (steps, count, layer["size"]), slice(lag, lag + steps)
    spikes = np.zeros((steps + lag, count * layer["size"]), np.uint8)
    # its own `t` cuts 2.9999 ms down to 2
    times = np.rint(np.asarray(fired.t_) * 1000).astype(int)
    inside = times < lag + steps
    spikes[times[inside], np.asarray(fired.i)[inside]] = 1
    states = {"u": current.I, "v": voltage.v}
    return {"s": spikes[rows].reshape(size)} | {
        key: np.rint(np.asarray(values).T[rows]).astype(np.int32).reshape(size)
        for key, values in states.items()
    }


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Run every network of the job, or the self-test; the sandbox calls this."""
    results: dict[str, Any] = exchange.beside("judge_worker").run(
        job, exchange, sys.modules[__name__]
    )
    return results


def read_layer(exchange: Any, stem: str, sources: list[Any]) -> dict[str, Any]:
    """Read a layer as the job describes it."""
    names = ("current_decay", "voltage_decay", "threshold")
    layer: dict[str, Any] = {name: np.load(exchange.input(f"{stem}.{name}")) for name in names}
    links = []
    for count, (source, late) in enumerate(sources):
        weight = np.load(exchange.input(f"{stem}.w{count}"))
        delays = np.load(exchange.input(f"{stem}.d{count}")) if late else np.zeros_like(weight)
        links.append({"source": source, "weight": weight, "delays": delays})
    return layer | {"links": links, "size": len(layer["threshold"])}


def self_test() -> dict[str, Any]:
    """Run one neuron whose spikes are known; returns the versions that ran it."""
    weight = np.array([[30, -20]])
    link = {"source": INPUT, "weight": weight, "delays": np.zeros_like(weight)}
    values = {"current_decay": [2048], "voltage_decay": [1024], "threshold": [20]}
    samples = np.array([[[1, 0]], [[0, 1]], [[0, 0]], [[1, 0]]], np.uint8)
    (trace,) = simulate([values | {"links": [link], "size": 1}], samples)
    lists = [trace[key].ravel().tolist() for key in ("s", "u", "v")]
    if lists != SELF_TEST:
        raise ValueError(f"the self-test gave {lists}, not {SELF_TEST}")
    return {name: importlib.metadata.version(name) for name in ("brian2-loihi", "brian2", "numpy")}
