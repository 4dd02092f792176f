"""Files as nir writes them, by h5py alone: texts of any length, compressed arrays in chunks."""

from __future__ import annotations

import io
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import h5py
import numpy as np

Nodes = dict[str, dict[str, Any]]
F = np.float32
# Frameworks that take one number for a layer.
UNIFORM = ("snntorch", "spikingjelly")


def ones(*shape: int, value: float = 1.0) -> Any:
    return np.full(shape, value, F)


def graph(nodes: Nodes, edges: list[tuple[str, str]], **others: Any) -> dict[str, Any]:
    """Return the members of a graph."""
    return {"type": "NIRGraph", "nodes": nodes, "edges": [list(edge) for edge in edges], **others}


def chain(*nodes: tuple[str, dict[str, Any]], inputs: Any = (3,), outputs: Any = None) -> Any:
    """Return a graph of nodes one after another, between an Input and an Output."""
    ends = {"type": "Input", "shape": np.array(inputs)}
    last = {"type": "Output", "shape": np.array(inputs if outputs is None else outputs)}
    named = {"input": ends, **dict(nodes), "output": last}
    names = list(named)
    return graph(named, list(pairwise(names)))


def affine(weight: Any, bias: Any = None) -> dict[str, Any]:
    weight = np.asarray(weight, F)
    if bias is None:
        return {"type": "Linear", "weight": weight}
    return {"type": "Affine", "weight": weight, "bias": np.asarray(bias, F)}


def lif(*shape: int, tau: float = 4e-4, threshold: float = 1.0, **others: Any) -> dict[str, Any]:
    values = {"tau": tau, "r": 1.0, "v_leak": 0.0, "v_threshold": threshold, "v_reset": 0.0}
    full = {name: np.full(shape, value, F) for name, value in (values | others).items()}
    return {"type": "LIF", **full}


def integrate(*shape: int, r: float = 1e4, threshold: float = 1.0) -> dict[str, Any]:
    values = {"r": r, "v_threshold": threshold, "v_reset": 0.0}
    return {"type": "IF", **{name: np.full(shape, value, F) for name, value in values.items()}}


def numbers(rng: np.random.Generator, kind: str, profile: str) -> dict[str, Any]:
    """Return a node of neurons as the profile's framework takes them."""

    def drawn(low: float, high: float) -> Any:
        size = () if profile in UNIFORM else (3,)
        return np.broadcast_to(rng.uniform(low, high, size), 3).astype(F)

    dt = 1e-4
    step = 1.0 if profile == "sinabs" else dt
    values = {"v_threshold": drawn(0.2, 1), "v_reset": ones(3, value=0)}
    if kind == "IF":
        return {"type": kind, **values, "r": ones(3, value=1 if profile == "snntorch" else 1e4)}
    mem, syn = drawn(2 * step, 20 * step), drawn(2 * step, 20 * step)
    leak = ones(3, value=0)
    if kind == "CubaLIF":
        gains = {"r": mem / F(dt) - (profile == "rockpool"), "w_in": syn / F(dt)}
        return {"type": kind, **values, "tau_mem": mem, "tau_syn": syn, "v_leak": leak, **gains}
    values = {} if kind == "LI" else values
    r = mem / F(dt) if profile == "snntorch" or rng.random() < 0.5 else ones(3)
    return {"type": kind, **values, "tau": mem, "v_leak": leak, "r": ones(3) if not values else r}


def members(node: dict[str, Any], version: str = "1.0.8") -> dict[str, Any]:
    """Return the members of a file's root."""
    return {"version": version, "node": node}


def image(node: dict[str, Any], change: Any = None) -> bytes:
    """Return the file of a graph, changed beside."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        _write(file, members(node))
        if change is not None:
            change(file)
    return content.getvalue()


def _write(group: Any, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping):
            _write(group.create_group(key), value)
        elif isinstance(value, str):
            group.create_dataset(key, data=value, dtype=h5py.string_dtype())
        elif isinstance(value, np.ndarray) and value.ndim:
            group.create_dataset(key, data=value, compression="gzip")
        else:
            group.create_dataset(key, data=value)
