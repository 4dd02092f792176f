"""Reads NIR files with a framework's own import, and steps what it made; the sandbox starts it.

What a framework refuses, or cannot run, is an answer and not a failure: its own words come back.
"""

import importlib
import importlib.metadata
import os
import tempfile
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray
# What a node sends, and its voltages.
Shown = tuple[Any, Any]


class Recorded:
    """The values that each node sends, and its voltages if shown; "" is the output."""

    def __init__(self, network: Any, layers: list[str], voltage: Callable[[Any, Any], Any]) -> None:
        self.sent: dict[str, list[Array]] = {name: [] for name in layers}
        self.voltages: dict[str, list[Array]] = {name: [] for name in layers}
        self.voltage = voltage
        modules = dict(network.named_modules())
        for name in filter(None, layers):
            names = filter(None, (name.replace(".", "_"), name, name.rpartition(".")[0]))
            module = next((modules[each] for each in names if each in modules), None)
            if module is None:
                raise LookupError(f"no module for the node {name}")
            module.register_forward_hook(self._noting(name))
        if "" in layers:
            network.register_forward_hook(self._noting(""))

    def _noting(self, name: str) -> Any:
        def note(module: Any, inputs: Any, output: Any) -> None:
            sent = output[0] if isinstance(output, tuple) else output
            self.sent[name].append(sent.detach().numpy().copy())
            voltage = self.voltage(module, output) if name else None
            if voltage is not None:
                self.voltages[name].append(voltage.detach().numpy().copy())

        return note


def _last_state(module: Any, output: Any) -> Any:
    """Return snnTorch's voltages, which a layer returns last, or keeps."""
    return output[-1] if isinstance(output, tuple) else getattr(module, "mem", None)


def _memory(module: Any, output: Any) -> Any:
    """Return SpikingJelly's voltages, which are a memory of the neurons by its name."""
    inner = getattr(module, "module", None)
    if inner is None or not isinstance(output, tuple):
        return None
    names = [name for name, _ in inner.named_memories()]
    return output[1][names.index("v")] if "v" in names else None


def _membrane(module: Any, output: Any) -> Any:
    """Return Norse's voltages: of the state, or of its last part."""
    state = output[1] if isinstance(output, tuple) else None
    state = state[-1] if type(state) is tuple else state
    return getattr(state, "v", None)


def _recording(module: Any, output: Any) -> Any:
    """Return the voltages that sinabs recorded, a sample's steps in a row."""
    recorded = getattr(module, "recordings", {}).get("v_mem")
    return None if recorded is None else recorded.reshape(-1, *recorded.shape[2:])


def _snntorch(graph: Any, dt: float, batch: int) -> Any:
    return importlib.import_module("snntorch.import_nir").import_from_nir(graph)


def _spikingjelly(graph: Any, dt: float, batch: int) -> Any:
    exchange = importlib.import_module("spikingjelly.activation_based.nir_exchange")
    return exchange.import_from_nir(graph, dt=dt)


def _norse(graph: Any, dt: float, batch: int) -> Any:
    return importlib.import_module("norse.torch").from_nir(graph, dt=dt)


def _sinabs(graph: Any, dt: float, batch: int) -> Any:
    return importlib.import_module("sinabs.nir").from_nir(graph, batch_size=batch)


def _rockpool(graph: Any, dt: float, batch: int) -> Any:
    return importlib.import_module("rockpool.nn.modules.torch.nir").from_nir(graph)


def _unseen(module: Any, output: Any) -> Any:
    """Return no voltages, which Rockpool's modules do not show."""
    return None


class Reader(NamedTuple):
    """A framework's import, and how its network is run and looked into."""

    read: Callable[[Any, float, int], Any]
    voltage: Callable[[Any, Any], Any]
    # The input (N, T, ...) of a framework that takes all steps in one call; others take one each.
    whole: Callable[[Any], Any] | None = None
    # Whether it takes one sample at a time: between calls, it keeps the states of the first alone.
    single: bool = False


READERS = {
    "norse": Reader(_norse, _membrane),
    "rockpool": Reader(_rockpool, _unseen, single=True),
    # A sample's steps in a row.
    "sinabs": Reader(_sinabs, _recording, lambda x: x.reshape(-1, *x.shape[2:])),
    "snntorch": Reader(_snntorch, _last_state),
    "spikingjelly": Reader(_spikingjelly, _memory),
}


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Read every file of the job and step it over its samples; the sandbox calls this."""
    importlib.import_module("torch").set_num_threads(1)
    if job.get("self_test"):
        return self_test(job["framework"])
    refusals = []
    for index, network in enumerate(job["networks"]):
        content = np.load(exchange.input(f"network{index}")).tobytes()
        samples = np.load(exchange.input(f"network{index}.samples"))
        refused, rows = attempt(job["framework"], content, network, samples)
        for position, (sent, voltage) in enumerate(rows):
            np.save(exchange.output(f"network{index}.layer{position}"), sent)
            if voltage is not None:
                np.save(exchange.output(f"network{index}.layer{position}.voltage"), voltage)
        refusals.append(refused)
        exchange.progress(f"network {index + 1} of {len(job['networks'])}")
    return {"refusals": refusals}


def attempt(
    framework: str, content: bytes, network: dict[str, Any], samples: Array
) -> tuple[str, list[Shown]]:
    """Return the framework's refusal, or what each layer sends, and its voltages (T, N, ...)."""
    doing = "reading"
    try:
        graph = _graph(content)
        doing = "importing"
        module = READERS[framework].read(graph, network["dt"], samples.shape[1])
        doing = "running"
        return "", _stepped(framework, module, network["layers"], samples)
    except Exception as error:
        words = " ".join(str(error).split())
        return f"{doing}: {type(error).__name__}: {words[:200]}".rstrip(": "), []


def _graph(content: bytes) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.nir")
        with open(path, "wb") as file:
            file.write(content)
        return importlib.import_module("nir").read(path)


def _stepped(framework: str, module: Any, layers: list[str], samples: Array) -> list[Shown]:
    torch, reader = importlib.import_module("torch"), READERS[framework]
    recorded = Recorded(module.eval(), layers, reader.voltage)
    inputs, (steps, batch) = torch.from_numpy(samples.astype(np.float32)), samples.shape[:2]
    for part in module.modules():
        if hasattr(part, "record_states"):
            part.record_states = True
    with torch.no_grad():
        if reader.whole:
            module(reader.whole(inputs.transpose(0, 1)))
        else:
            _in_steps(module, inputs, reader.single)
    if reader.single:
        for rows in filter(None, (*recorded.sent.values(), *recorded.voltages.values())):
            rows[:] = [np.concatenate(rows)[:, 0]]
    sizes = (1 if reader.whole or reader.single else steps, batch, steps)
    whole = [
        (_whole(rows, *sizes), _whole(recorded.voltages[name], *sizes))
        for name, rows in recorded.sent.items()
    ]
    left_out = next((n for n, (sent, _) in zip(layers, whole, strict=True) if sent is None), None)
    if left_out is not None:
        raise LookupError(f"the node {left_out} is left out")
    return whole


def _in_steps(module: Any, inputs: Any, single: bool) -> None:
    """Call a network once a step; for single samples, with an axis of time of one step."""
    samples = inputs.transpose(0, 1)[:, :, None, None] if single else [inputs]
    for sample in samples:
        state = None
        for part in module.modules() if single else ():
            if hasattr(part, "reset_state"):
                part.reset_state()
        for row in sample:
            _, state = module(row, state)


def _whole(rows: list[Array], calls: int, batch: int, steps: int) -> Array | None:
    """Return values (T, N, ...) of all calls; of one, time and batch are one axis."""
    if len(rows) != calls:
        return None
    return np.stack(rows) if calls == steps else _apart(rows[0], batch, steps)


def _apart(joined: Array, batch: int, steps: int) -> Array:
    """Return values (T, N, ...) of those whose time and batch are one axis."""
    values = joined.reshape(batch, steps, *joined.shape[1:])
    return np.ascontiguousarray(np.moveaxis(values, 1, 0))


def self_test(framework: str) -> dict[str, Any]:
    """Step one neuron whose spikes are known; returns the versions that did it."""
    nir = importlib.import_module("nir")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "one.nir")
        one, decay = np.ones(1, np.float32), np.float32(2e-4)
        leaky = nir.LIF(tau=decay * one, r=2 * one, v_leak=0 * one, v_threshold=1.6 * one)
        if framework == "rockpool":
            # It has no LIF, and takes its step from the time constant.
            numbers = {"r": one, "v_leak": 0 * one, "v_threshold": one}
            leaky = nir.CubaLIF(tau_syn=decay * one, tau_mem=decay * one, **numbers)
        nir.write(path, nir.NIRGraph.from_list(nir.Affine(np.eye(1, dtype="f"), 0 * one), leaky))
        with open(path, "rb") as file:
            content = file.read()
        (neuron,) = (n for n, each in nir.read(path).nodes.items() if isinstance(each, type(leaky)))
    network = {"dt": 1e-4, "layers": [neuron]}
    refused, rows = attempt(framework, content, network, np.ones((6, 1, 1)))
    if refused:
        raise RuntimeError(f"the self-test was refused: {refused}")
    return {"spikes": rows[0][0].reshape(-1).tolist(), **_versions(framework)}


def _versions(framework: str) -> dict[str, str]:
    names = (framework, "nir", "nirtorch", "torch", "numpy")
    return {name: importlib.metadata.version(name) for name in names}
