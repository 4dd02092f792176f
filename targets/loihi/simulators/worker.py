"""Runs `.net` files in Lava's fixed-point simulator; the sandbox starts it under Python 3.10.

Every layer's reset falls on its own first step of a sample, so samples follow one another without
a gap, and row t of a layer that lies `lag` synapses deep is what Lava computes `lag` steps later.
"""

import ast
import importlib.metadata
import importlib.util
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from multiprocessing import active_children
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs
from lava.magma.core.process.process import ProcessServer
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.source import RingBuffer

LAYER_TYPES = ("input", "flatten", "conv", "dense", "dense_rec")
# how many values of samples are laid out at once for Lava's source, which takes int32
SOURCE_VALUES = 1 << 24
PROGRESS_SECONDS = 1.0
# how long after the death of one process the reason for it may take to arrive
PATIENCE_SECONDS = 5.0
# settings that Lava gets beside the file: bits of what comes in, and of messages' fraction
PLAIN = {"message_bits": 0, "spike_exp": 6, "input_bias": 0}
SELF_TEST = [[1, 0, 0, 1], [1920, -320, -160, 1840], [0, -192, -176, 0]]


def beside(name: str) -> Any:
    """Import a script from beside this one, which is not on the import path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(f"there is no {name}.py beside {__file__}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


models = beside("lava_models")


class NetworkError(ValueError):
    """A network or its samples that Lava cannot run, or would run wrongly without a word."""


class Watchdog:
    """A watch over Lava's processes: it leaves when one has died, for which Lava would wait."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange
        self._lock = threading.Lock()
        self._watching = False
        self._network: Any = None
        self._seen: set[BaseProcess] = set()
        threading.Thread(target=self._poll, daemon=True).start()

    def over(self, network: Any) -> "Watchdog":
        """Return this watch, for the processes of one network."""
        self._network = network
        return self

    def __enter__(self) -> None:
        self._watching = True

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        with self._lock:
            if error is not None:
                # Lava may have joined a process that died before the first look at it
                self._seen.update(_processes(self._network))
                self._leave_if_any_died()
            self._watching = False
            self._seen.clear()

    def _poll(self) -> None:
        while True:
            time.sleep(0.1)
            with self._lock:
                if self._watching:
                    self._leave_if_any_died()

    def _leave_if_any_died(self) -> None:
        self._seen.update(active_children())
        if not any(map(_has_ended, self._seen)):
            return
        # the others follow within moments, and any of them may hold the reason
        deadline = time.monotonic() + PATIENCE_SECONDS
        raised: list[tuple[Exception, str]] = []
        while not raised and time.monotonic() < deadline:
            time.sleep(0.1)
            raised = [reason for reason in map(_reason, self._seen) if reason]
        names = ", ".join(child.name for child in self._seen if _has_ended(child))
        error, trace = raised[0] if raised else (f"no word from {names}", "")
        self._exchange.fail(f"one of Lava's own processes died: {error!r}", trace)
        os._exit(1)


def _processes(network: Any) -> list[BaseProcess]:
    """Return the processes that Lava started for a network, including ended ones."""
    messages = getattr(network.runtime, "_messaging_infrastructure", None)
    return list(getattr(messages, "actors", []))


def _has_ended(child: BaseProcess) -> bool:
    try:
        return child.exitcode is not None
    except ValueError:
        # Lava has closed it already
        return True


def _reason(child: BaseProcess) -> tuple[Exception, str] | None:
    try:
        return getattr(child, "exception", None)
    except (OSError, EOFError, TypeError):
        return None


@cache
def load_netx() -> ModuleType:
    """Import Lava's loader; without torch, leave out modules that no LIF network uses."""
    if importlib.util.find_spec("torch") is None:
        for name in ("netx", "netx.sequential_modules", "slayer", "slayer.neuron"):
            _unexecuted(f"lava.lib.dl.{name}")
        rf = _unexecuted("lava.lib.dl.slayer.neuron.rf")
        rf.neuron_params = _function(rf.__file__, "neuron_params")
    return importlib.import_module("lava.lib.dl.netx.hdf5")


def _unexecuted(name: str) -> Any:
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ImportError(f"this lava-dl has no {name}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    return module


def _function(path: str, name: str) -> Any:
    """Return one function, which needs only NumPy, of a script that cannot run here."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    (function,) = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    scope: dict[str, Any] = {"np": np}
    exec(compile(ast.Module([function], []), path, "exec"), scope)
    return scope[name]


def search_models_once() -> None:
    """Let Lava keep what it finds for a class: a search executes each file of the class's folder.

    Lava searches for each object anew, which takes a third of the time of a small network.
    """
    search, models_of = ProcGroupDiGraphs._find_proc_models, {}

    def find(proc: Any) -> list[Any]:
        if type(proc) not in models_of:
            models_of[type(proc)] = search(proc)
        return list(models_of[type(proc)])

    ProcGroupDiGraphs._find_proc_models = staticmethod(find)


def starts_with_neurons(path: str) -> bool:
    """Return whether layer 0 is a block of input neurons.

    Raises: NetworkError for a layer that the loader would skip in silence.
    """
    with h5py.File(path, "r") as file:
        layers = [file["layer"][str(index)] for index in range(len(file["layer"]))]
        kinds = [np.ravel(layer["type"][()])[0].decode("ascii") for layer in layers]
        for index, kind in enumerate(kinds):
            if kind not in LAYER_TYPES:
                raise NetworkError(f"layer {index}: Lava's loader has no type {kind!r}")
        return kinds[0] == "input" and "neuron" in layers[0]


def load(path: str, samples: np.ndarray, options: dict[str, int]) -> Any:
    """Return Lava's network, with resets on each layer's own first step of a sample."""
    network = load_netx().Network(
        net_config=path,
        input_shape=samples.shape[:1:-1] if samples.ndim == 5 else None,
        input_message_bits=options["message_bits"],
        spike_exp=options["spike_exp"],
        reset_interval=len(samples),
        reset_offset=0 if starts_with_neurons(path) else 1,
    )
    if options["input_bias"]:
        # a host drives input neurons so; the file's own note of it is not read
        network.layers[0].neuron.bias_mant.init = options["input_bias"]
    return network


def batches(samples: np.ndarray) -> list[tuple[int, int]]:
    """Return the ranges of samples for one run each: as many as the source has room for."""
    count = samples.shape[1]
    size = min(max(1, SOURCE_VALUES * count // samples.size), count)
    return [(first, min(first + size, count)) for first in range(0, count, size)]


def is_block(layer: Any) -> bool:
    """Return whether it is a block of input neurons, without synapses."""
    return type(layer).__name__ == "Input"


def source(network: Any, samples: np.ndarray, padding: int) -> int:
    """Connect a source that plays the samples one after another; returns how many steps it takes.

    Raises: NetworkError if they do not fit the network.
    """
    takes_currents = is_block(network.layers[0])
    binary = not takes_currents and not network.input_message_bits
    if binary and not np.isin(samples, (0, 1)).all():
        raise NetworkError("the samples are not 0 or 1, and layer 0 takes spikes")
    port = network.layers[0].neuron.a_in if takes_currents else network.inp
    shape = samples.shape[2:] if len(port.shape) > 1 else (int(np.prod(samples.shape[2:])),)
    if shape[::-1] != tuple(port.shape):
        raise NetworkError(f"the samples are {shape}, the network takes {tuple(port.shape)[::-1]}")
    rows = samples.swapaxes(0, 1).reshape(-1, *shape).astype(np.int32)
    silence = np.zeros((padding, *shape), np.int32)
    player = RingBuffer(data=np.ascontiguousarray(np.concatenate([rows, silence]).T))
    player.s_out.connect(port)
    return len(rows) + padding


def create_files(network: Any, exchange: Any, stem: str, samples: np.ndarray) -> list[Any]:
    """Return, for each layer of neurons, the files for its values.

    Raises: NetworkError for a neuron that is not recorded.
    """
    layers: list[Any] = []
    for index, layer in enumerate(network.layers):
        if type(layer.neuron) not in models.SHOWN:
            kind = type(layer.neuron).__name__
            raise NetworkError(f"neuron layer {index}: {kind} neurons are not recorded")
        shape = (*samples.shape[:2], *map(int, layer.neuron.s_out.shape[::-1]))
        layers.append({})
        for name, dtype in models.SHOWN[type(layer.neuron)].items():
            path = exchange.output(f"{stem}.layer{index}.{name}")
            header = np.lib.format.open_memmap(path, "w+", dtype, shape).offset
            layers[index][name] = (os.open(path, os.O_WRONLY), header, dtype)
    return layers


def record(network: Any, files: list[Any], samples: np.ndarray, first: int, last: int) -> int:
    """Record every layer, and return how many synapses precede the deepest one."""
    steps, count = samples.shape[:2]
    lag = 0
    for layer, own in zip(network.layers, files, strict=True):
        lag += not is_block(layer)
        timing = models.Samples(lag, steps)
        layer.neuron.proc_params["recorder"] = models.LayerRecorder(own, timing, count, first, last)
        if hasattr(layer, "synapse_rec"):
            layer.synapse_rec.proc_params["timing"] = timing
        if hasattr(getattr(layer, "synapse", None), "delays"):
            layer.synapse.proc_params["timing"] = timing
    return lag


def play(network: Any, steps: int, watch: Watchdog, say: Callable[[str], None]) -> None:
    """Run the network for `steps` steps, in parts worth a line of progress each."""
    config = Loihi2SimCfg(select_tag="fixed_pt", exception_proc_model_map=models.MODELS)
    done, part = 0, 64
    with watch.over(network):
        while done < steps:
            part = min(part, steps - done)
            began = time.monotonic()
            network.run(condition=RunSteps(num_steps=part), run_cfg=config)
            done += part
            say(f"step {done} of {steps}")
            if time.monotonic() - began < PROGRESS_SECONDS:
                part *= 2
    network.stop()


def simulate(
    path: str,
    samples: np.ndarray,
    exchange: Any,
    watch: Watchdog,
    stem: str,
    say: Callable[[str], None],
    options: dict[str, int] = PLAIN,
) -> None:
    """Run one network over its samples, and leave what every layer did in the exchange."""
    network = load(path, samples, options)
    files = create_files(network, exchange, stem, samples)
    for first, last in batches(samples):
        if network.runtime is not None:
            network = load(path, samples, options)
        lag = record(network, files, samples, first, last)
        steps = source(network, samples[:, first:last], padding=lag)
        play(network, steps, watch, say)
        network.net_config.f.close()
        # both would keep every network of this process
        ProcessServer().reset_server()
        logging.getLogger().handlers.clear()
    for file, *_ in (entry for own in files for entry in own.values()):
        os.close(file)


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Run every network of the job, or the self-test; the sandbox calls this."""
    watch = Watchdog(exchange)
    search_models_once()
    if job.get("self_test"):
        return self_test(exchange, watch)
    networks = job["networks"]
    for index, network in enumerate(networks):
        path = f"network{index}.net"
        np.load(exchange.input(network["net"])).tofile(path)
        samples = np.load(exchange.input(network["samples"]))

        def say(words: str, name: str = f"network {index + 1} of {len(networks)}") -> None:
            exchange.progress(f"{name}: {words}")

        options = {name: network[name] for name in PLAIN}
        simulate(path, samples, exchange, watch, f"network{index}", say, options)
    return {"networks": len(networks)}


def self_test(exchange: Any, watch: Watchdog) -> dict[str, Any]:
    """Run one neuron whose spikes are known; returns the versions that ran it."""
    with h5py.File("selftest.net", "w") as file:
        layer = file.create_group("layer/0")
        layer["type"], layer["shape"] = np.bytes_("dense"), [1]
        layer["weight"], layer["bias"] = [[30, -20]], [2]
        neuron = {"type": np.bytes_("CUBA"), "iDecay": 2048, "vDecay": 1024, "vThMant": 20}
        for key, value in neuron.items():
            layer[f"neuron/{key}"] = value
    samples = np.array([[[1, 0]], [[0, 1]], [[0, 0]], [[1, 0]]], np.uint8)
    simulate("selftest.net", samples, exchange, watch, "selftest", exchange.progress)
    paths = [exchange.output(f"selftest.layer0.{name}") for name in "suv"]
    outputs = [np.load(path).ravel().tolist() for path in paths]
    if outputs != SELF_TEST:
        raise NetworkError(f"the self-test gave {outputs}, not {SELF_TEST}")
    return {name: importlib.metadata.version(name) for name in ("lava-nc", "lava-dl", "numpy")}
