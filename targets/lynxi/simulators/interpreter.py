"""The network of a package in integers, from network.json and weights.bin alone.

Nothing is shared with the rest of the toolchain: this is a second reading of the same files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targets.lynxi.package.tensors import Store

Array = NDArray[np.int64]
# By type of floats, the bits below which no sum of integers rounds.
_FLOATS: dict[type, int] = {np.float32: 24, np.float64: 53}
States = dict[str, Array]


class Interpreter:
    """A network that takes one step after another."""

    def __init__(self, document: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        store = Store(files)
        self.nodes: list[Mapping[str, Any]] = list(document["nodes"])
        self.output: str = document["output"]
        self.tensors: dict[str, dict[str, Array]] = {}
        for node in self.nodes:
            parameters = dict(node.get("parameters", {}))
            if "weight" in node:
                parameters["weight"] = node["weight"]
            self.tensors[node["name"]] = {
                key: _integers(store, entry, f"{node['name']}.{key}")
                for key, entry in parameters.items()
            }

    def run(self, samples: NDArray[Any]) -> dict[str, States]:
        """Return spikes and states of every layer of neurons for samples (T, N, ...)."""
        layers = [node for node in self.nodes if node["op"] == "neuron"]
        count = samples.shape[1]
        states = {node["name"]: self._rest(node, count) for node in layers}
        seen: dict[str, dict[str, list[Array]]] = {
            node["name"]: {key: [] for key in ("s", *node["step"]["states"])} for node in layers
        }
        for row in samples.astype(np.int64):
            values: dict[str, Array] = {}
            for node in self.nodes:
                name = node["name"]
                inputs = [values[source] for source in node["inputs"]]
                if node["op"] == "input":
                    values[name] = row
                elif node["op"] == "neuron":
                    states[name], values[name] = self.neurons(node, states[name], _sum(inputs))
                    for key, value in (("s", values[name]), *states[name].items()):
                        seen[name][key].append(value)
                else:
                    values[name] = self.combined(node, *inputs)
        return {
            name: {key: np.stack(rows) for key, rows in recorded.items()}
            for name, recorded in seen.items()
        }

    def combined(self, node: Mapping[str, Any], x: Array, *more: Array) -> Array:
        """Return the value of a node without states in one step (N, ...)."""
        op, tensors = node["op"], self.tensors[node["name"]]
        without_numbers = MOVES | ARITHMETIC
        if op in without_numbers:
            return without_numbers[op](node, x, *more)
        if op == "flatten":
            return x.reshape(len(x), -1)
        if op == "maxpool2d":
            lowest = np.iinfo(np.int64).min
            windows = _windows(x, node, node["kernel"], (1, 1), lowest)
            return np.asarray(windows.max(axis=(-2, -1)))
        if op == "dense":
            total = _weighted(x, tensors["weight"]) >> node["shift"]
        else:
            total = _correlated(x, node, tensors["weight"])
        return _wrap(total, node["accumulator_bits"])

    def neurons(self, node: Mapping[str, Any], states: States, x: Array) -> tuple[States, Array]:
        """Return the next states and the spikes of one layer."""
        step = node["step"]
        values: dict[str, Any] = {**self.tensors[node["name"]], **states, step["input"]: x}
        for assignment in step["assignments"]:
            operands = [values[name] for name in assignment["of"]]
            if "by" in assignment:
                operands.append(assignment["by"])
            values[assignment["name"]] = OPERATIONS[assignment["op"]](*operands)
        full = {name: _full(values[result], x) for name, result in step["next"].items()}
        return full, _full(values[step["spikes"]], x)

    def _rest(self, node: Mapping[str, Any], count: int) -> States:
        zero = np.zeros((count, *node["shape"]), dtype=np.int64)
        return dict.fromkeys(node["step"]["states"], zero)


def _integers(store: Store, entry: Mapping[str, Any], name: str) -> Array:
    return store.array(entry["integers"], name).astype(np.int64)


def _sum(values: list[Array]) -> Array:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def _full(value: Any, x: Array) -> Array:
    return np.broadcast_to(np.asarray(value, dtype=np.int64), x.shape)


def _windows(x: Array, node: Mapping[str, Any], kernel: Any, dilation: Any, outside: int) -> Array:
    """Return every window of images (N, C, H, W): (N, C, rows, columns, height, width)."""
    (top, left), (down, right) = node["padding"], node["stride"]
    border = ((0, 0), (0, 0), (top, top), (left, left))
    padded = np.pad(x, border, constant_values=outside)
    reach = tuple((k - 1) * apart + 1 for k, apart in zip(kernel, dilation, strict=True))
    every = np.lib.stride_tricks.sliding_window_view(padded, reach, axis=(2, 3))
    return every[:, :, ::down, ::right, :: dilation[0], :: dilation[1]]


def _correlated(x: Array, node: Mapping[str, Any], weight: Array) -> Array:
    outputs, inputs, *kernel = weight.shape
    groups = node["groups"]
    seen = _windows(x, node, kernel, node["dilation"], 0)
    count, _, rows, columns = seen.shape[:4]
    parts = []
    for group, share in enumerate(np.split(weight.reshape(outputs, -1), groups)):
        mine = seen[:, group * inputs : (group + 1) * inputs]
        flat = mine.transpose(0, 2, 3, 1, 4, 5).reshape(count * rows * columns, -1)
        total = _weighted(flat, share)
        parts.append(total.reshape(count, rows, columns, -1).transpose(0, 3, 1, 2))
    return np.concatenate(parts, axis=1)


def _weighted(rows: Array, weight: Array) -> Array:
    """Return weighted sums of 64 bits, by a product of floats where these hold each of them."""
    most = int(np.abs(rows).max(initial=0)) * int(np.abs(weight).sum(axis=1).max(initial=0))
    for kind, bits in _FLOATS.items():
        if most < 1 << bits:
            # NumPy multiplies integers one by one, and floats many at a time.
            return (rows.astype(kind) @ weight.T.astype(kind)).astype(np.int64)
    return rows @ weight.T


def _wrap(x: Array, bits: int) -> Array:
    half = 1 << (bits - 1)
    return ((x + half) & (2 * half - 1)) - half


def _wrap_once(x: Array, bits: int) -> Array:
    half = 1 << (bits - 1)
    result: Array = x - 2 * half * (x > half) + 2 * half * (x <= -half)
    return result


def _spike(distance: Array, strict: bool) -> Array:
    return (distance > 0 if strict else distance >= 0).astype(np.int64)


def _upsampled(node: Mapping[str, Any], x: Array) -> Array:
    for axis, factor in enumerate(node["factors"]):
        rows = np.repeat(x, factor, axis=axis + 1)
        if node["zeros"]:
            first = np.arange(rows.shape[axis + 1]) % factor == 0
            rows = rows * first.reshape(-1, *[1] * (rows.ndim - axis - 2))
        x = rows
    return x


def _part(node: Mapping[str, Any], x: Array) -> Array:
    places = np.arange(node["start"], node["stop"], node["step"])
    return np.take(x, places, axis=node["axis"] + 1)


def _attended(node: Mapping[str, Any], query: Array, key: Array, value: Array) -> Array:
    """Return attention of each head: how often tokens' queries meet keys, and then values."""
    count, heads = len(query), node["heads"]
    parts = [x.reshape(count, heads, query.shape[1] // heads, -1) for x in (query, key, value)]
    queries, keys, values = parts
    met = queries.swapaxes(-1, -2) @ keys
    return (values @ met.swapaxes(-1, -2)).reshape(query.shape)


def _pooled(node: Mapping[str, Any], x: Array) -> Array:
    windows = _windows(x, {**node, "padding": (0, 0)}, node["kernel"], (1, 1), 0)
    return np.asarray(windows.sum(axis=(-2, -1)))


# Values moved and not computed, by the words of their nodes.
MOVES: dict[str, Callable[..., Array]] = {
    "reshape": lambda node, x: x.reshape(len(x), *node["shape"]),
    "permute": lambda node, x: np.transpose(x, (0, *(axis + 1 for axis in node["order"]))),
    "slice": _part,
    "concat": lambda node, *values: np.concatenate(values, axis=node["axis"] + 1),
    "upsample": _upsampled,
}
ARITHMETIC: dict[str, Callable[..., Array]] = {
    "multiply": lambda node, x, y: x * (1 - y if node["complement"] else y),
    "attention": _attended,
    "add": lambda node, *values: _sum([*values]),
    "sumpool2d": _pooled,
}
OPERATIONS: dict[str, Callable[..., Any]] = {
    "constant": np.int64,
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "negate": lambda a: -a,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "absolute": np.abs,
    "greater": lambda a, b: (a > b) * 1,
    "greater_equal": lambda a, b: (a >= b) * 1,
    "select": lambda condition, a, b: np.where(condition != 0, a, b),
    "spike": _spike,
    "shift_left": lambda a, bits: a << bits,
    "shift_floor": lambda a, bits: a >> bits,
    "shift_to_zero": lambda a, bits: np.where(a < 0, -(-a >> bits), a >> bits),
    "wrap": _wrap,
    "wrap_once": _wrap_once,
    "clip": lambda a, limits: np.minimum(np.maximum(a, limits[0]), limits[1]),
}
