"""Runs layers of integers in nengo-loihi's emulator; the sandbox starts it under Python 3.10.

Blocks are filled by hand, so that nothing is rounded on the way. A sample has an emulator of its
own, which starts from rest; a layer's bias is added from its own first step, as on the host's side.
"""

import importlib.metadata
import sys
import warnings
from typing import Any

import numpy as np

with warnings.catch_warnings():
    # it warns of every nengo that is younger than itself
    warnings.simplefilter("ignore")
    from nengo_loihi.block import Axon, LoihiBlock, Synapse
    from nengo_loihi.builder import Model
    from nengo_loihi.emulator import EmulatorInterface
    from nengo_loihi.inputs import SpikeInput

LARGEST = (1 << 23) - 1
SHIFT = 6
INPUT = -1
STATES = {"s": ("spiked", np.uint8), "u": ("current", np.int32), "v": ("voltage", np.int32)}
SELF_TEST = [[1, 0, 0, 1], [1920, -320, -160, 1840], [0, -192, -176, 0]]


class EmulatedLayer:
    """One layer as the parent sends it: its synapses and its neurons' parameters."""

    def __init__(self, sources: list[Any], weights: list[Any], parameters: dict[str, Any]) -> None:
        self.sources, self.weights, self.parameters = sources, weights, parameters
        self.size = len(parameters["threshold"])


def block_of(layer: EmulatedLayer, index: int) -> Any:
    """Return the layer's neurons; their bias is added later."""
    block = LoihiBlock(layer.size, label=f"layer{index}")
    own = block.compartment
    own.decay_u = (layer.parameters["current_decay"] - 1).astype(np.int32)
    own.decay_v = layer.parameters["voltage_decay"].astype(np.int32)
    own.vth = (layer.parameters["threshold"] << SHIFT).astype(np.int32)
    own.bias = np.zeros(layer.size, np.int32)
    own.refract_delay = np.ones(layer.size, np.int32)
    own.vmin, own.vmax = -LARGEST, LARGEST
    own.scale_u = own.scale_v = False
    return block


def synapse_of(weight: np.ndarray) -> Any:
    """Return weights in the units of the current."""
    synapse = Synapse(weight.shape[1])
    columns = [weight[:, axon] for axon in range(weight.shape[1])]
    synapse.weights = [(column[column != 0] << SHIFT).astype(np.int32)[None] for column in columns]
    synapse.indices = [np.flatnonzero(column)[None] for column in columns]
    synapse.format(compression=0, idx_bits=7, weight_bits=7)
    return synapse


def emulator_of(layers: list[EmulatedLayer], sample: np.ndarray) -> Any:
    """Return the emulator, which receives the sample (T, ...), and each layer's block."""
    model = Model()
    spike_input = SpikeInput(sample.shape[1])
    for step, spikes in enumerate(sample):
        spike_input.add_spikes(step + 1, np.flatnonzero(spikes), permanent=True)
    model.add_input(spike_input)
    blocks = [block_of(layer, index) for index, layer in enumerate(layers)]
    for layer, block in zip(layers, blocks, strict=True):
        for source, weight in zip(layer.sources, layer.weights, strict=True):
            synapse = synapse_of(weight)
            block.add_synapse(synapse)
            axon = Axon(weight.shape[1])
            axon.target = synapse
            axon.set_compartment_axon_map(np.arange(weight.shape[1]))
            (spike_input if source == INPUT else blocks[source]).add_axon(axon)
    for block in blocks:
        model.add_block(block)
    return EmulatorInterface(model, seed=0), blocks


def simulate(layers: list[EmulatedLayer], samples: np.ndarray) -> list[dict[str, np.ndarray]]:
    """Return spikes and states of every layer, (T, N, neurons)."""
    steps, count = samples.shape[:2]
    shown = [
        {key: np.zeros((steps, count, layer.size), kind) for key, (_, kind) in STATES.items()}
        for layer in layers
    ]
    for sample in range(count):
        emulator, blocks = emulator_of(layers, samples[:, sample])
        slices = [emulator.block_info.slices[block] for block in blocks]
        for step in range(steps + len(layers)):
            for lag, (layer, own) in enumerate(zip(layers, slices, strict=True), start=1):
                if step == lag:
                    emulator.compartment.bias[own] = layer.parameters["bias"] << SHIFT
            emulator.step()
            for lag, (arrays, own) in enumerate(zip(shown, slices, strict=True), start=1):
                if 0 <= step - lag < steps:
                    for key, (name, _) in STATES.items():
                        arrays[key][step - lag, sample] = getattr(emulator.compartment, name)[own]
    return shown


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Run every network of the job, or the self-test; the sandbox calls this."""
    results: dict[str, Any] = exchange.beside("judge_worker").run(
        job, exchange, sys.modules[__name__]
    )
    return results


def read_layer(exchange: Any, stem: str, sources: list[Any]) -> EmulatedLayer:
    """Read a layer as the job describes it."""
    names = ("current_decay", "voltage_decay", "threshold", "bias")
    parameters = {name: np.load(exchange.input(f"{stem}.{name}")) for name in names}
    weights = [np.load(exchange.input(f"{stem}.w{count}")) for count in range(len(sources))]
    return EmulatedLayer([source for source, _ in sources], weights, parameters)


def self_test() -> dict[str, Any]:
    """Run one neuron whose spikes are known; returns the versions that ran it."""
    values = {"current_decay": 2048, "voltage_decay": 1024, "threshold": 20, "bias": 2}
    parameters = {name: np.array([value]) for name, value in values.items()}
    samples = np.array([[[1, 0]], [[0, 1]], [[0, 0]], [[1, 0]]], np.uint8)
    (trace,) = simulate([EmulatedLayer([INPUT], [np.array([[30, -20]])], parameters)], samples)
    lists = [trace[key].ravel().tolist() for key in STATES]
    if lists != SELF_TEST:
        raise ValueError(f"the self-test gave {lists}, not {SELF_TEST}")
    return {name: importlib.metadata.version(name) for name in ("nengo-loihi", "nengo", "numpy")}
