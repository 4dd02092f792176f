"""Reads NIR files with a framework, runs them, and exports them by the framework; for the sandbox.

A chain of layers is exported as the framework's users write one: its own modules in a Sequential.
"""

import importlib
import importlib.util
import os
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np


def _loaded(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("receivers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _snntorch(layers: list[Any], samples: Any, dt: float) -> Any:
    torch = importlib.import_module("torch")
    network, row = torch.nn.Sequential(*layers), samples[0, :1]
    values = row
    for layer in layers:
        sent = layer(values)
        values = sent[0] if isinstance(sent, tuple) else sent
        # It imports one number for a layer, and exports vectors alone.
        for name in ("alpha", "beta", "threshold"):
            if hasattr(layer, name):
                setattr(layer, name, torch.ones(values.shape[1:]) * getattr(layer, name))
    export = importlib.import_module("snntorch.export_nir").export_to_nir
    return export(network, row, ignore_dims=[0])


def _spikingjelly(layers: list[Any], samples: Any, dt: float) -> Any:
    exchange = importlib.import_module("spikingjelly.activation_based.nir_exchange")
    network = importlib.import_module("torch").nn.Sequential(*layers)
    return exchange.export_to_nir(network, samples[0], dt=dt)


def _norse(layers: list[Any], samples: Any, dt: float) -> Any:
    norse = importlib.import_module("norse.torch")
    return norse.to_nir(norse.SequentialState(*layers), samples[0, 0], dt=dt)


def _sinabs(layers: list[Any], samples: Any, dt: float) -> Any:
    network = importlib.import_module("torch").nn.Sequential(*layers)
    # A batch of one: time comes first.
    return importlib.import_module("sinabs.nir").to_nir(network, samples[:, 0])


EXPORTS: dict[str, Callable[[list[Any], Any, float], Any]] = {
    "norse": _norse,
    "sinabs": _sinabs,
    "snntorch": _snntorch,
    "spikingjelly": _spikingjelly,
}


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Run and export every network of the job; return the refusals of both."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    receivers, framework = _loaded(job["receivers"]), job["framework"]
    nir = importlib.import_module("nir")
    answers = []
    with tempfile.TemporaryDirectory() as folder:
        for index, network in enumerate(job["networks"]):
            content = np.load(exchange.input(f"network{index}")).tobytes()
            samples = np.load(exchange.input(f"network{index}.samples"))
            refused, rows = receivers.attempt(framework, content, network, samples)
            if not refused:
                np.save(exchange.output(f"network{index}.sent"), rows[-1][0])
            path = os.path.join(folder, f"{index}.nir")
            refused_export = ""
            try:
                graph = nir.read(_file(folder, content))
                module = receivers.READERS[framework].read(graph, network["dt"], 1).eval()
                layers = _modules(module, network["order"])
                with torch.no_grad():
                    exported = EXPORTS[framework](layers, torch.from_numpy(samples), network["dt"])
                nir.write(path, exported)
                with open(path, "rb") as file:
                    back = np.frombuffer(file.read(), np.uint8)
                np.save(exchange.output(f"network{index}.back"), back)
            except Exception as error:
                words = " ".join(str(error).split())
                refused_export = f"{type(error).__name__}: {words[:200]}"
            answers.append([refused, refused_export])
    return {"answers": answers}


def _file(folder: str, content: bytes) -> str:
    path = os.path.join(folder, "read.nir")
    with open(path, "wb") as file:
        file.write(content)
    return path


def _modules(module: Any, order: list[str]) -> list[Any]:
    """Return a chain's layers in order, as the framework has them for its users."""
    named = dict(module.named_modules())
    layers = [named[name] for name in order]
    # SpikingJelly wraps neurons for graphs.
    return [getattr(layer, "module", layer) for layer in layers]
