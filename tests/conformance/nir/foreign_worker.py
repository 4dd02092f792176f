"""Writes NIR files with nir itself, reads them back and steps them; the sandbox starts it."""

import importlib
import importlib.util
import os
import tempfile
from typing import Any

import numpy as np


def _stepper(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("stepper", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _node(nir: Any, described: dict[str, Any], exchange: Any) -> Any:
    values = {key: np.load(exchange.input(name)) for key, name in described["arrays"].items()}
    values |= described.get("texts", {})
    kind = described["type"]
    if kind == "NIRGraph":
        nodes = {name: _node(nir, each, exchange) for name, each in described["nodes"].items()}
        return nir.NIRGraph(nodes, [tuple(edge) for edge in described["edges"]])
    if kind in ("Input", "Output"):
        end = kind.lower()
        return getattr(nir, kind)(**{f"{end}_type": {end: values["shape"]}})
    if kind == "Flatten":
        sides = {key: int(values[key]) for key in ("start_dim", "end_dim")}
        return nir.Flatten(input_type={"input": values["input_type"]}, **sides)
    if kind == "Conv2d":
        pairs = {
            key: tuple(int(v) for v in value)
            for key, value in values.items()
            if value.ndim == 1 and key != "bias"
        }
        weights = {key: values[key] for key in ("weight", "bias")}
        return nir.Conv2d(**weights, **pairs, groups=int(values["groups"]))
    return getattr(nir, kind)(**values)


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Write, read and step every network of the job."""
    nir = importlib.import_module("nir")
    stepper = _stepper(job["stepper"])
    with tempfile.TemporaryDirectory() as folder:
        for index, described in enumerate(job["networks"]):
            path = os.path.join(folder, f"{index}.nir")
            nir.write(path, _node(nir, described, exchange))
            with open(path, "rb") as file:
                np.save(exchange.output(f"file{index}"), np.frombuffer(file.read(), np.uint8))
            samples = np.load(exchange.input(f"samples{index}"))
            layers = stepper.Stepped(nir.read(path), job["dt"], {}).run(samples)
            np.save(exchange.output(f"sent{index}"), np.stack(layers[described["last"]]["s"]))
    return {"version": nir.version}
