"""`.net` files written and edited by hand, as plain data, without anything of ours."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

Entry = dict[str, Any]


def net_file(*layers: Entry) -> bytes:
    """The layers as a file; a dictionary in an entry is a group."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for index, layer in enumerate(layers):
            _write(file.create_group(f"layer/{index}"), layer)
    return buffer.getvalue()


def _write(group: h5py.Group, entry: Entry) -> None:
    for key, value in entry.items():
        if isinstance(value, dict):
            _write(group.create_group(key), value)
        else:
            group[key] = np.bytes_(value) if isinstance(value, str) else value


def edited(content: bytes, path: str, change: Callable[[Any], Any]) -> bytes:
    """The file with one of its datasets changed."""
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        value = change(np.array(file[path][()]))
        del file[path]
        file[path] = value
    return buffer.getvalue()


def cuba(current_decay: Any = 4096, voltage_decay: Any = 0, threshold: Any = 60) -> Entry:
    """Neurons as slayer writes them."""
    values = {"iDecay": current_decay, "vDecay": voltage_decay, "vThMant": threshold}
    return {"type": "CUBA", **values}


def image(*shape: int, **more: Any) -> Entry:
    """An input of this shape."""
    return {"type": "input", "shape": np.array(shape), **more}


def dense(weight: Any, /, **more: Any) -> Entry:
    """A dense layer with neurons."""
    weight = np.asarray(weight)
    shape = np.array([weight.shape[0]])
    return {"type": "dense", "shape": shape, "weight": weight, "neuron": cuba()} | more


def conv(weight: Any, shape: tuple[int, ...], /, **more: Any) -> Entry:
    """A convolution with neurons."""
    geometry = {"stride": np.array([1, 1]), "padding": np.array([0, 0])}
    geometry |= {"dilation": np.array([1, 1]), "groups": 1}
    basic = {"type": "conv", "shape": np.array(shape), "weight": np.asarray(weight)}
    return basic | geometry | {"neuron": cuba()} | more


FLATTEN: Entry = {"type": "flatten"}
