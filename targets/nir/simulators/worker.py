"""Reads NIR files with the nir package, and steps what it read; the sandbox starts it."""

import importlib
import importlib.metadata
import importlib.util
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray


class NetworkError(ValueError):
    """A file that nir cannot read."""


def _beside(name: str) -> Any:
    """Return a script beside this one, which is a script and no package."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python script")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


Stepped: Any = _beside("stepper").Stepped


def load(content: bytes) -> Any:
    """Return nir's graph of a file, whose types nir has checked.

    Raises: NetworkError if nir refuses it.
    """
    module = importlib.import_module("nir")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "network.nir")
        with open(path, "wb") as file:
            file.write(content)
        try:
            return module.read(path)
        except Exception as error:
            raise NetworkError(f"nir cannot read the file: {error!r}") from error


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Read every file of the job and step it over its samples; the sandbox calls this."""
    if job.get("self_test"):
        return self_test()
    if "framework" in job:
        return run_foreign(job, exchange)
    graphs = []
    for index, network in enumerate(job["networks"]):
        graph = load(np.load(exchange.input(f"network{index}")).tobytes())
        described = []
        for number, (name, node) in enumerate(graph.nodes.items()):
            values = {k: v for k, v in node.to_dict().items() if isinstance(v, np.generic | Array)}
            for key, value in values.items():
                np.save(exchange.output(f"network{index}.node{number}.{key}"), value)
            described.append([name, type(node).__name__, sorted(values)])
        graphs.append({"nodes": described, "edges": [list(edge) for edge in graph.edges]})
        samples = np.load(exchange.input(f"network{index}.samples")).astype(np.float32)
        forced = {
            name: np.load(exchange.input(f"network{index}.forced{number}")).astype(np.float32)
            for number, name in enumerate(network["forced"])
        }
        exchange.progress(f"network {index + 1} of {len(job['networks'])}")
        shown = Stepped(graph, network["dt"], forced).run(samples, network["layers"])
        for name, rows in shown.items():
            position = network["layers"].index(name)
            for key, steps in rows.items():
                np.save(exchange.output(f"network{index}.layer{position}.{key}"), np.stack(steps))
    return {"graphs": graphs}


def run_foreign(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Step other writers' files; what nir refuses, or has no step here, is an answer."""
    refusals = []
    for index, network in enumerate(job["networks"]):
        content = np.load(exchange.input(f"network{index}")).tobytes()
        samples = np.load(exchange.input(f"network{index}.samples")).astype(np.float32)
        refused, doing = "", "reading"
        try:
            graph = flat(load(content))
            doing = "running"
            stepped = Stepped(graph, network["dt"], {})
            names = [name or stepped.last for name in network["layers"]]
            shown = stepped.run(samples, names)
            for position, name in enumerate(names):
                stem = f"network{index}.layer{position}"
                np.save(exchange.output(stem), np.stack(shown[name]["s"]))
                if "v" in shown[name]:
                    np.save(exchange.output(f"{stem}.voltage"), np.stack(shown[name]["v"]))
        except Exception as error:
            words = " ".join(str(error).split())
            refused = f"{doing}: {type(error).__name__}: {words[:200]}".rstrip(": ")
        refusals.append(refused)
        exchange.progress(f"network {index + 1} of {len(job['networks'])}")
    return {"refusals": refusals}


def flat(graph: Any) -> Any:
    """Return nir's graph without subgraphs, its numbers in float32, as it is stepped here."""
    nodes: dict[str, Any] = {}
    ends: dict[str, tuple[str, str]] = {}
    edges: list[tuple[str, str]] = []
    for name, node in graph.nodes.items():
        ends[name] = (name, name)
        if type(node).__name__ != "NIRGraph":
            nodes[name] = node
            for key, value in vars(node).items():
                if isinstance(value, np.generic | Array) and value.dtype == np.float64:
                    setattr(node, key, value.astype(np.float32))
            continue
        # Its own ends, and not those of subgraphs within it.
        own = {type(part).__name__: each for each, part in node.nodes.items()}
        inner = flat(node)
        nodes |= {f"{name}.{each}": part for each, part in inner.nodes.items()}
        edges += [(f"{name}.{a}", f"{name}.{b}") for a, b in inner.edges]
        ends[name] = (f"{name}.{own['Input']}", f"{name}.{own['Output']}")
    edges += [(ends[a][1], ends[b][0]) for a, b in graph.edges]
    graph.nodes, graph.edges = nodes, edges
    return graph


def self_test() -> dict[str, Any]:
    """Step one neuron whose spikes are known; returns the versions that did it."""
    nir = importlib.import_module("nir")
    one = np.ones(1, np.float32)
    neurons = nir.IF(r=10 * one, v_threshold=2 * one, v_reset=0 * one)
    graph = nir.NIRGraph.from_list(neurons)
    ((_, shown),) = Stepped(graph, 0.1, {}).run(np.ones((6, 1, 1), np.float32)).items()
    spikes = np.stack(shown["s"]).reshape(-1).tolist()
    if spikes != [0, 0, 1, 0, 0, 1]:
        raise NetworkError(f"the self-test gave {spikes}, not [0, 0, 1, 0, 0, 1]")
    return {name: importlib.metadata.version(name) for name in ("nir", "h5py", "numpy")}
