"""Reads NIR files with a framework's own import, and steps what it made; the sandbox starts it.

What a framework refuses, or cannot run, is an answer and not a failure: its own words come back.
"""

import importlib
import importlib.metadata
import os
import tempfile
from typing import Any

import numpy as np

Array = np.ndarray


class Recorded:
    """The values that each layer of neurons sends, as the framework has them."""

    def __init__(self, network: Any, layers: list[str]) -> None:
        self.rows: dict[str, list[Array]] = {name: [] for name in layers}
        modules = dict(network.named_modules())
        for name in layers:
            module = modules.get(name.replace(".", "_"), modules.get(name))
            if module is None:
                raise LookupError(f"no module for the node {name}")
            module.register_forward_hook(self._noting(name))

    def _noting(self, name: str) -> Any:
        def note(module: Any, inputs: Any, output: Any) -> None:
            sent = output[0] if isinstance(output, tuple) else output
            self.rows[name].append(sent.detach().numpy().copy())

        return note


def _snntorch(graph: Any, dt: float, batch: int) -> Any:
    return importlib.import_module("snntorch.import_nir").import_from_nir(graph)


def _spikingjelly(graph: Any, dt: float, batch: int) -> Any:
    exchange = importlib.import_module("spikingjelly.activation_based.nir_exchange")
    return exchange.import_from_nir(graph, dt=dt)


def _norse(graph: Any, dt: float, batch: int) -> Any:
    return importlib.import_module("norse.torch").from_nir(graph, dt=dt)


def _sinabs(graph: Any, dt: float, batch: int) -> Any:
    return importlib.import_module("sinabs.nir").from_nir(graph, batch_size=batch)


# By the framework's name: its import, and whether time and batch are one axis of its input.
READERS = {
    "norse": (_norse, False),
    "sinabs": (_sinabs, True),
    "snntorch": (_snntorch, False),
    "spikingjelly": (_spikingjelly, False),
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
        for position, sent in enumerate(rows):
            np.save(exchange.output(f"network{index}.layer{position}"), sent)
        refusals.append(refused)
        exchange.progress(f"network {index + 1} of {len(job['networks'])}")
    return {"refusals": refusals}


def attempt(
    framework: str, content: bytes, network: dict[str, Any], samples: Array
) -> tuple[str, list[Array]]:
    """Return the framework's refusal, or what each layer sends (T, N, ...)."""
    doing = "reading"
    try:
        graph = _graph(content)
        doing = "importing"
        module = READERS[framework][0](graph, network["dt"], samples.shape[1])
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


def _stepped(framework: str, module: Any, layers: list[str], samples: Array) -> list[Array]:
    torch = importlib.import_module("torch")
    recorded = Recorded(module.eval(), layers)
    inputs, (steps, batch) = torch.from_numpy(samples.astype(np.float32)), samples.shape[:2]
    with torch.no_grad():
        if READERS[framework][1]:
            # Time and batch are one axis, a sample's steps in a row.
            module(inputs.transpose(0, 1).reshape(-1, *inputs.shape[2:]))
            (whole,) = zip(*recorded.rows.values(), strict=True)
            parts = (each.reshape(batch, steps, *each.shape[1:]) for each in whole)
            return [np.ascontiguousarray(np.moveaxis(each, 1, 0)) for each in parts]
        state = None
        for row in inputs:
            _, state = module(row, state)
    return [np.stack(rows) for rows in recorded.rows.values()]


def self_test(framework: str) -> dict[str, Any]:
    """Step one neuron whose spikes are known; returns the versions that did it."""
    nir = importlib.import_module("nir")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "one.nir")
        one, decay = np.ones(1, np.float32), np.float32(2e-4)
        leaky = nir.LIF(tau=decay * one, r=2 * one, v_leak=0 * one, v_threshold=1.6 * one)
        nir.write(path, nir.NIRGraph.from_list(nir.Affine(np.eye(1, dtype="f"), 0 * one), leaky))
        with open(path, "rb") as file:
            content = file.read()
        (neuron,) = (n for n, each in nir.read(path).nodes.items() if isinstance(each, nir.LIF))
    network = {"dt": 1e-4, "layers": [neuron]}
    refused, rows = attempt(framework, content, network, np.ones((6, 1, 1)))
    if refused:
        raise RuntimeError(f"the self-test was refused: {refused}")
    return {"spikes": rows[0].reshape(-1).tolist(), **_versions(framework)}


def _versions(framework: str) -> dict[str, str]:
    names = (framework, "nir", "nirtorch", "torch", "numpy")
    return {name: importlib.metadata.version(name) for name in names}
