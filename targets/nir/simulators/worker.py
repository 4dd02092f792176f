"""Reads NIR files with the nir package, and steps what it read; the sandbox starts it.

A step is forward Euler in float32, time steps included, as the file's conventions state it and as
frameworks in torch compute it. Values are (N, ...).
"""

import importlib
import importlib.metadata
import os
import tempfile
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

Array = np.ndarray
State = dict[str, Array]


class NetworkError(ValueError):
    """A file that nir cannot read, or a graph that this worker cannot step."""


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
        for name, rows in Stepped(graph, network["dt"], forced).run(samples).items():
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
            (last,) = (n for n, node in graph.nodes.items() if type(node).__name__ == "Output")
            names = [name or last for name in network["layers"]]
            shown = Stepped(graph, network["dt"], {}).run(samples, names)
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
        inner = flat(node)
        nodes |= {f"{name}.{each}": part for each, part in inner.nodes.items()}
        edges += [(f"{name}.{a}", f"{name}.{b}") for a, b in inner.edges]
        kinds = {type(part).__name__: each for each, part in inner.nodes.items()}
        ends[name] = (f"{name}.{kinds['Input']}", f"{name}.{kinds['Output']}")
    edges += [(ends[a][1], ends[b][0]) for a, b in graph.edges]
    graph.nodes, graph.edges = nodes, edges
    return graph


class Stepped:
    """A graph, one step after another; forced layers send given values and only show their sums."""

    def __init__(self, graph: Any, dt: float, forced: dict[str, Array]) -> None:
        self.graph, self.dt, self.forced = graph, dt, forced
        self.sources: dict[str, list[str]] = {name: [] for name in graph.nodes}
        for source, name in graph.edges:
            self.sources[name].append(source)
        self.kinds = {name: type(node).__name__ for name, node in graph.nodes.items()}
        self.order = self._order()

    def run(
        self, samples: Array, others: Collection[str] = ()
    ) -> dict[str, dict[str, list[Array]]]:
        """Return what every layer of neurons shows in every step, by its name; and others."""
        shown: dict[str, dict[str, list[Array]]] = {}
        states: dict[str, State] = {name: {} for name in self.order}
        # A loop's first step reads zeros.
        values: dict[str, Array] = {
            name: np.zeros((samples.shape[1], *node.output_type["output"]), np.float32)
            for name, node in self.graph.nodes.items()
            if self.kinds[name] in NEURONS
        }
        for step, row in enumerate(samples):
            for name in self.order:
                kind, node = self.kinds[name], self.graph.nodes[name]
                inputs = [values[each] for each in self.sources[name]]
                x = sum(inputs[1:], start=inputs[0]) if inputs else row
                if kind not in NEURONS:
                    values[name] = _plain(kind)(node, x, states[name], self.dt)
                    if name in others:
                        shown.setdefault(name, {}).setdefault("s", []).append(values[name])
                    continue
                rows = {"sum": x}
                if name in self.forced:
                    values[name] = self.forced[name][step]
                else:
                    values[name] = NEURONS[kind](node, x, states[name], np.float32(self.dt))
                    rows = {"s": values[name], "v": states[name]["v"]}
                for key, value in rows.items():
                    shown.setdefault(name, {}).setdefault(key, []).append(value)
        return shown

    def _order(self) -> list[str]:
        """Return the nodes, each after those that it reads; neurons in a loop are read late."""
        behind = {name: self._behind(name) for name in self.graph.nodes}
        late = {
            (a, b) for a, b in self.graph.edges if self.kinds[a] in NEURONS and a in behind[b] | {b}
        }
        order: list[str] = []
        while len(order) < len(self.graph.nodes):
            ready = [
                name
                for name in self.graph.nodes
                if name not in order
                and all(s in order or (s, name) in late for s in self.sources[name])
            ]
            if not ready:
                raise NetworkError("a loop has no neurons, whose output could be late")
            order += ready
        return order

    def _behind(self, name: str) -> set[str]:
        """Return the nodes that read a node, directly or not."""
        pending, reached = [name], set[str]()
        while pending:
            source = pending.pop()
            more = {b for a, b in self.graph.edges if a == source} - reached
            reached |= more
            pending += more
        return reached


def _fired(node: Any, v: Array, state: State) -> Array:
    spikes = v > node.v_threshold
    state["v"] = np.where(spikes, node.v_reset, v).astype(np.float32)
    sent: Array = spikes.astype(np.float32)
    return sent


def _integrated(node: Any, x: Array, state: State, dt: np.float32) -> Array:
    """Return the voltage of a neuron without a leak."""
    v: Array = state.get("v", np.zeros_like(x)) + (dt * node.r) * x
    return v


def _leaked(node: Any, x: Array, state: State, share: Array) -> Array:
    """Return the voltage of a neuron that loses a share of it."""
    v = state.get("v", np.zeros_like(x))
    following: Array = v + share * ((node.v_leak - v) + node.r * x)
    return following


def _current(node: Any, x: Array, state: State, dt: np.float32) -> Array:
    i = state.get("i", np.zeros_like(x))
    state["i"] = i + (dt / node.tau_syn) * (node.w_in * x - i)
    return state["i"]


def _if(node: Any, x: Array, state: State, dt: np.float32) -> Array:
    return _fired(node, _integrated(node, x, state, dt), state)


def _lif(node: Any, x: Array, state: State, dt: np.float32) -> Array:
    return _fired(node, _leaked(node, x, state, dt / node.tau), state)


def _cuba_lif(node: Any, x: Array, state: State, dt: np.float32) -> Array:
    i = _current(node, x, state, dt)
    return _fired(node, _leaked(node, i, state, dt / node.tau_mem), state)


def _i(node: Any, x: Array, state: State, dt: np.float32) -> Array:
    state["v"] = _integrated(node, x, state, dt)
    return state["v"]


def _li(node: Any, x: Array, state: State, dt: np.float32) -> Array:
    state["v"] = _leaked(node, x, state, dt / node.tau)
    return state["v"]


def _cuba_li(node: Any, x: Array, state: State, dt: np.float32) -> Array:
    state["v"] = _leaked(node, _current(node, x, state, dt), state, dt / node.tau_mem)
    return state["v"]


# A step of neurons: their values, after their state is the next one.
NEURONS: dict[str, Callable[[Any, Array, State, np.float32], Array]] = {
    "I": _i,
    "IF": _if,
    "LI": _li,
    "LIF": _lif,
    "CubaLI": _cuba_li,
    "CubaLIF": _cuba_lif,
}


def _same(node: Any, x: Array, state: State, dt: float) -> Array:
    return x


def _affine(node: Any, x: Array, state: State, dt: float) -> Array:
    sums: Array = x @ node.weight.T + node.bias
    return sums


def _linear(node: Any, x: Array, state: State, dt: float) -> Array:
    sums: Array = x @ node.weight.T
    return sums


def _scale(node: Any, x: Array, state: State, dt: float) -> Array:
    scaled: Array = x * node.scale
    return scaled


def _threshold(node: Any, x: Array, state: State, dt: float) -> Array:
    above: Array = (x > node.threshold).astype(np.float32)
    return above


def _sum_pool(node: Any, x: Array, state: State, dt: float) -> Array:
    """Return the sums of windows, one position after another."""
    (height, width), (down, right) = (_pair(n) for n in (node.kernel_size, node.stride))
    top, left = _pair(node.padding)
    padded = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
    rows = (padded.shape[2] - height) // down + 1
    columns = (padded.shape[3] - width) // right + 1
    sums: Array = np.zeros((*x.shape[:2], rows, columns), np.float32)
    for y in range(height):
        for z in range(width):
            sums += padded[:, :, y : y + down * rows : down, z : z + right * columns : right]
    return sums


def _average_pool(node: Any, x: Array, state: State, dt: float) -> Array:
    average: Array = _sum_pool(node, x, state, dt) / np.float32(np.prod(_pair(node.kernel_size)))
    return average


def _pair(values: Any) -> tuple[int, int]:
    height, width = np.broadcast_to(np.asarray(values).reshape(-1), 2)
    return int(height), int(width)


def _conv2d(node: Any, x: Array, state: State, dt: float) -> Array:
    """Return the correlation, one position of the kernel after another."""
    if node.groups != 1 or isinstance(node.padding, str):
        raise NetworkError("a convolution of groups, or with its padding in words, has no step")
    (top, left), (down, right), (apart_y, apart_x) = node.padding, node.stride, node.dilation
    padded = np.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
    height, width = node.weight.shape[2:]
    rows = (padded.shape[2] - apart_y * (height - 1) - 1) // down + 1
    columns = (padded.shape[3] - apart_x * (width - 1) - 1) // right + 1
    result = np.zeros((len(x), len(node.weight), rows, columns), np.float32)
    for i in range(height):
        for j in range(width):
            y, z = i * apart_y, j * apart_x
            window = padded[:, :, y : y + down * rows : down, z : z + right * columns : right]
            result += np.einsum("ncyx,oc->noyx", window, node.weight[:, :, i, j])
    sums: Array = result + node.bias[:, None, None]
    return sums


def _flatten(node: Any, x: Array, state: State, dt: float) -> Array:
    axes = x.ndim - 1
    start, end = (int(axis) % axes + 1 for axis in (node.start_dim, node.end_dim))
    return x.reshape(*x.shape[:start], -1, *x.shape[end + 1 :])


def _delay(node: Any, x: Array, state: Any, dt: float) -> Array:
    steps = np.rint(np.broadcast_to(node.delay, x.shape[1:]) / dt).astype(int)
    rows = state.setdefault("rows", [np.zeros_like(x)] * (int(steps.max(initial=0)) + 1))
    rows[:] = [x, *rows[:-1]]
    # The last values, the newest first.
    late: Array = np.take_along_axis(np.stack(rows), steps[None, None], 0)[0]
    return late


# The values of nodes without neurons.
PLAIN: dict[str, Callable[[Any, Array, Any, float], Array]] = {
    "Input": _same,
    "Output": _same,
    "Affine": _affine,
    "Linear": _linear,
    "Scale": _scale,
    "Threshold": _threshold,
    "SumPool2d": _sum_pool,
    "AvgPool2d": _average_pool,
    "Conv2d": _conv2d,
    "Flatten": _flatten,
    "Delay": _delay,
}


def _plain(kind: str) -> Callable[[Any, Array, Any, float], Array]:
    if kind not in PLAIN:
        raise NetworkError(f"a {kind} has no step here")
    return PLAIN[kind]


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
