"""Runs `.net` files in Lava's fixed-point simulator: inside its own Python 3.10, started by the sandbox.

Every layer's reset falls on its own first step of a sample, so samples follow one another without
a gap, and row t of a layer that lies `lag` synapses deep is what Lava computes `lag` steps later.
"""

import importlib.metadata
import importlib.util
import logging
import os
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing import active_children

import h5py
import numpy as np
from lava.magma.core.process.process import ProcessServer
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.source import RingBuffer
from lava.proc.lif.models import PyLifResetModelBitAcc
from lava.proc.lif.process import LIFReset

STATES = {"s": np.uint8, "u": np.int32, "v": np.int32}
LAYER_TYPES = ("input", "flatten", "conv", "dense", "dense_rec")
SOURCE_ELEMENTS = 1 << 24
PROGRESS_SECONDS = 1.0
SELF_TEST = [[1, 0, 0, 1], [1920, -320, -160, 1840], [0, -192, -176, 0]]


class NetworkError(ValueError):
    """A network or its samples that Lava cannot run, or would run wrongly without a word."""


@dataclass(frozen=True)
class Recorder:
    """Writes one layer's values into files that hold (T, N, ...), each step into its own row."""

    files: dict
    lag: int
    steps: int
    samples: int
    first: int
    last: int

    def write(self, time_step, **values):
        """Write what was computed in one of Lava's steps, which count from 1."""
        sample, step = divmod(time_step - 1 - self.lag, self.steps)
        if 0 <= sample < self.last - self.first:
            row = step * self.samples + self.first + sample
            for name, value in values.items():
                # Lava's (W, H, C) reversed is torch's (C, H, W)
                data = np.ascontiguousarray(value.T, dtype=STATES[name])
                file, header = self.files[name]
                os.pwrite(file, data, header + row * data.nbytes)


class RecordedLif(PyLifResetModelBitAcc):
    """The vendor's neuron, which also keeps what it has just computed: reading a Var is 30 us a value."""

    def __init__(self, proc_params):
        super().__init__(proc_params)
        self.recorder = proc_params["recorder"]

    def spiking_activation(self):
        """The vendor's spikes, kept."""
        self.sent = super().spiking_activation()
        return self.sent

    def run_spk(self):
        """The vendor's step, then the record of it."""
        super().run_spk()
        self.recorder.write(self.time_step, s=self.sent, u=self.u, v=self.v)


class Watch:
    """Reports and leaves when a process of Lava's has ended, for Lava would wait for it for ever."""

    def __init__(self, exchange):
        self._exchange = exchange
        self._lock = threading.Lock()
        self._watching = False
        self._seen = set()
        threading.Thread(target=self._poll, daemon=True).start()

    def __enter__(self):
        self._watching = True

    def __exit__(self, kind, error, trace):
        with self._lock:
            if error is not None:
                self._leave_if_any_ended()
            self._watching = False
            self._seen.clear()

    def _poll(self):
        while True:
            time.sleep(0.1)
            with self._lock:
                if self._watching:
                    self._leave_if_any_ended()

    def _leave_if_any_ended(self):
        self._seen.update(active_children())
        if not any(map(_has_ended, self._seen)):
            return
        # the others follow within moments, and any of them may hold the reason
        time.sleep(0.3)
        ended = [child for child in self._seen if _has_ended(child)]
        raised = [reason for reason in map(_reason, ended) if reason]
        names = ", ".join(child.name for child in ended)
        error, trace = raised[0] if raised else (f"no word from {names}", "")
        self._exchange.fail(f"one of Lava's own processes died: {error!r}", trace)
        os._exit(1)


def _has_ended(child):
    try:
        return child.exitcode is not None
    except ValueError:
        # Lava has closed it already
        return True


def _reason(child):
    try:
        return getattr(child, "exception", None)
    except (OSError, EOFError, TypeError):
        return None


def load_netx():
    """Lava's loader; without torch, without the modules that need it and no LIF network uses."""
    if importlib.util.find_spec("torch") is None:
        for name in ("netx", "netx.sequential_modules", "slayer", "slayer.neuron"):
            _unexecuted(f"lava.lib.dl.{name}")
        _unexecuted("lava.lib.dl.slayer.neuron.rf").neuron_params = _refuse_resonators
    from lava.lib.dl.netx import hdf5

    return hdf5


def _unexecuted(name):
    module = importlib.util.module_from_spec(importlib.util.find_spec(name))
    sys.modules[name] = module
    return module


def _refuse_resonators(_):
    raise NetworkError("resonate-and-fire layers need the full install")


def starts_with_neurons(path):
    """Whether layer 0 is a block of input neurons; refuses what the loader would skip in silence.

    Raises: NetworkError for a layer type that the loader does not know.
    """
    with h5py.File(path, "r") as file:
        layers = [file["layer"][str(index)] for index in range(len(file["layer"]))]
        for index, layer in enumerate(layers):
            kind = np.ravel(layer["type"][()])[0].decode("ascii")
            if kind not in LAYER_TYPES:
                raise NetworkError(f"layer {index}: Lava's loader has no type {kind!r}")
        first = layers[0]
        return np.ravel(first["type"][()])[0] == b"input" and "neuron" in first


def load(path, samples):
    """The network as Lava builds it, its resets on each layer's own first step of a sample."""
    shape = samples.shape[:1:-1] if samples.ndim == 5 else None
    return load_netx().Network(
        net_config=path,
        input_shape=shape,
        input_message_bits=0,
        reset_interval=len(samples),
        reset_offset=0 if starts_with_neurons(path) else 1,
    )


def batches(network, samples):
    """Ranges of samples that one run takes: all that fit, or one where spikes outlive a reset."""
    steps, count = samples.shape[:2]
    carries = [
        index
        for index, layer in enumerate(network.layers)
        if hasattr(layer, "synapse_rec") or hasattr(getattr(layer, "synapse", None), "delays")
    ]
    if carries and any(np.any(layer.neuron.bias_mant.init) for layer in network.layers):
        raise NetworkError(
            f"neuron layer {carries[0]}: with a bias, no sample starts clean in Lava, "
            "for its reset does not clear recurrent or delayed spikes"
        )
    room = SOURCE_ELEMENTS * count // samples.size
    size = 1 if carries else min(max(room, 1), count)
    return [(first, min(first + size, count)) for first in range(0, count, size)]


def source(network, samples, padding):
    """The samples one after another, as Lava's source plays them to the network.

    Raises: NetworkError if they do not fit the network.
    """
    neurons = not hasattr(network.layers[0], "synapse")
    if not neurons and samples.max() > 1 or abs(samples).max() > 2**31 - 1:
        raise NetworkError("the samples are not " + ("32-bit currents" if neurons else "0 or 1"))
    port = network.layers[0].neuron.a_in if neurons else network.inp
    shape = samples.shape[2:]
    if len(port.shape) == 1:
        shape = (int(np.prod(shape)),)
    if shape[::-1] != tuple(port.shape):
        raise NetworkError(f"the samples are {shape}, the network takes {tuple(port.shape)[::-1]}")
    rows = samples.swapaxes(0, 1).reshape(-1, *shape).astype(np.int32)
    silence = np.zeros((padding, *shape), np.int32)
    played = RingBuffer(data=np.ascontiguousarray(np.concatenate([rows, silence]).T))
    played.s_out.connect(port)
    return len(rows) + padding


def create_files(network, exchange, prefix, samples):
    """For each layer, open files that take its values, and the length of their headers.

    Raises: NetworkError for a neuron that is not recorded.
    """
    layers = []
    for index, layer in enumerate(network.layers):
        if type(layer.neuron) is not LIFReset:
            kind = type(layer.neuron).__name__
            raise NetworkError(f"neuron layer {index}: {kind} neurons are not recorded, only LIF")
        shape = (*samples.shape[:2], *layer.neuron.s_out.shape[::-1])
        layers.append({})
        for name, dtype in STATES.items():
            path = exchange.output(f"{prefix}.layer{index}.{name}")
            header = np.lib.format.open_memmap(path, "w+", dtype, shape).offset
            layers[index][name] = (os.open(path, os.O_WRONLY), header)
    return layers


def record(network, files, samples, batch):
    """Have every layer recorded; returns how many synapses the deepest one lies behind."""
    steps, count = samples.shape[:2]
    lag = 0
    for layer, mine in zip(network.layers, files):
        lag += hasattr(layer, "synapse")
        layer.neuron.proc_params["recorder"] = Recorder(mine, lag, steps, count, *batch)
    return lag


def play(network, steps, watch, say):
    """Run the network for so many steps, in parts long enough to be worth a line of progress."""
    models = {LIFReset: RecordedLif}
    config = Loihi2SimCfg(select_tag="fixed_pt", exception_proc_model_map=models)
    done, part = 0, 64
    with watch:
        while done < steps:
            part = min(part, steps - done)
            began = time.monotonic()
            network.run(condition=RunSteps(num_steps=part), run_cfg=config)
            done += part
            say(f"step {done} of {steps}")
            if time.monotonic() - began < PROGRESS_SECONDS:
                part *= 2
    network.stop()


def simulate(path, samples, exchange, prefix, watch):
    """Run one network over its samples; returns how many layers of neurons it has."""
    network = load(path, samples)
    files = create_files(network, exchange, prefix, samples)
    for batch in batches(network, samples):
        if network.runtime is not None:
            network = load(path, samples)
        lag = record(network, files, samples, batch)
        steps = source(network, samples[:, slice(*batch)], padding=lag)

        def say(words, batch=batch):
            exchange.progress(f"{prefix}, samples {batch[0]} to {batch[1] - 1}: {words}")

        play(network, steps, watch, say)
        network.net_config.f.close()
        ProcessServer().reset_server()
        logging.getLogger().handlers.clear()
    for file, _ in (entry for layer in files for entry in layer.values()):
        os.close(file)
    return len(files)


def run(job, exchange):
    """Run every network of the job, or the self-test; the sandbox calls this."""
    watch = Watch(exchange)
    if job.get("self_test"):
        return self_test(exchange, watch)
    counts = []
    for index, network in enumerate(job["networks"]):
        path = f"network{index}.net"
        np.load(exchange.input(network["net"])).tofile(path)
        samples = np.load(exchange.input(network["samples"]))
        try:
            counts.append(simulate(path, samples, exchange, f"network{index}", watch))
        except Exception as error:
            raise type(error)(f"network {index}: {error}") from error
    return {"layers": counts}


def self_test(exchange, watch):
    """Run one neuron whose spikes are known; returns the versions that ran it."""
    with h5py.File("selftest.net", "w") as file:
        layer = file.create_group("layer/0")
        layer["type"], layer["shape"] = np.bytes_("dense"), [1]
        layer["weight"], layer["bias"] = [[30, -20]], [2]
        neuron = {"type": np.bytes_("CUBA"), "iDecay": 2048, "vDecay": 1024, "vThMant": 20}
        for key, value in neuron.items():
            layer[f"neuron/{key}"] = value
    samples = np.array([[[1, 0]], [[0, 1]], [[0, 0]], [[1, 0]]], np.uint8)
    simulate("selftest.net", samples, exchange, "selftest", watch)
    values = [np.load(exchange.output(f"selftest.layer0.{name}")).ravel() for name in STATES]
    if [value.tolist() for value in values] != SELF_TEST:
        raise NetworkError(f"the self-test gave {values}, not {SELF_TEST}")
    return {name: importlib.metadata.version(name) for name in ("lava-nc", "lava-dl", "numpy")}
