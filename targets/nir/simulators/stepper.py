"""Steps a graph of nir's; a worker loads this script.

A step is forward Euler in float32, time steps included, as the file's conventions state it and as
frameworks in torch compute it. Values are (N, ...).
"""

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

Array = np.ndarray
State = dict[str, Array]


class UnsteppedError(ValueError):
    """A graph that has no step here."""


class Stepped:
    """A graph, one step after another; forced layers send given values and only show their sums.

    Nodes come after those that they read. Where none can come next, one does that a value has
    reached, and what it still misses comes from the step before.
    """

    def __init__(self, graph: Any, dt: float, forced: dict[str, Array]) -> None:
        self.graph, self.dt, self.forced = graph, dt, forced
        self.kinds: dict[str, str] = {n: type(node).__name__ for n, node in graph.nodes.items()}
        self.sources: dict[str, list[str]] = {name: [] for name in graph.nodes}
        self.readers: dict[str, list[str]] = {name: [] for name in graph.nodes}
        for source, name in graph.edges:
            self.sources[name].append(source)
            self.readers[source].append(name)
        self.first = self._end("Input", self.sources)
        self.last = self._end("Output", self.readers)
        self.order, late = self._ordered()
        # A delay on the way back takes the place of the wait.
        delays = {self._delay_behind(source) for source, _ in late}
        self.waited = {name: 1 for name in delays if name is not None}
        self._add_biases_at_once(late)

    def run(
        self, samples: Array, others: Collection[str] = ()
    ) -> dict[str, dict[str, list[Array]]]:
        """Return what every layer of neurons shows in every step, by its name; and others."""
        shown: dict[str, dict[str, list[Array]]] = {}
        states: dict[str, State] = {
            name: {"waited": np.array(self.waited.get(name, 0))} for name in self.order
        }
        # A loop's first step reads zeros.
        values: dict[str, Array] = {
            name: np.zeros((samples.shape[1], *np.ravel(self._shape(name))), np.float32)
            for index, name in enumerate(self.order)
            if any(reader in self.order[: index + 1] for reader in self.readers[name])
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

    def _end(self, kind: str, neighbours: dict[str, list[str]]) -> str:
        """Return the network's own Input or Output; those of subgraphs have neighbours.

        nir appends an end to each node that has no edge, behind those of the file.
        """
        names = [name for name, k in self.kinds.items() if k == kind and not neighbours[name]]
        if not names:
            raise UnsteppedError(f"no node of type {kind}")
        return names[0]

    def _shape(self, name: str) -> Any:
        shape = self.graph.nodes[name].output_type.get("output")
        if shape is None:
            raise UnsteppedError(f"the shape of {name}, which is read late, is not known")
        return shape

    def _ordered(self) -> tuple[list[str], list[tuple[str, str]]]:
        """Return the nodes in the order of a step, and the edges whose values are of the last."""
        needed = self._reached(self.last, self.sources)
        waiting = self._reached(self.first, self.readers)
        waiting.sort(key=lambda name: name not in needed)
        order: list[str] = []
        late: list[tuple[str, str]] = []
        while waiting:
            ready = next((n for n in waiting if set(self.sources[n]) <= set(order)), None)
            if ready is None:
                ready = next((n for n in waiting if set(self.sources[n]) & set(order)), None)
            if ready is None:
                raise UnsteppedError(f"{waiting[0]} is not reached from the input")
            late += [(source, ready) for source in self.sources[ready] if source not in order]
            order.append(ready)
            waiting.remove(ready)
        return order, late

    def _reached(self, start: str, following: dict[str, list[str]]) -> list[str]:
        """Return the nodes that a way leads to, the nearest first."""
        reached = [start]
        for name in reached:
            reached += [n for n in dict.fromkeys(following[name]) if n not in reached]
        return reached

    def _delay_behind(self, name: str) -> str | None:
        """Return the delay that a value comes from, if there are only weights between."""
        for _ in self.graph.nodes:
            node, sources = self.graph.nodes[name], self.sources[name]
            if self.kinds[name] == "Delay" and (np.rint(node.delay / self.dt) > 0).all():
                return name
            if self.kinds[name] in NEURONS or len(sources) != 1:
                return None
            name = sources[0]
        return None

    def _add_biases_at_once(self, late: list[tuple[str, str]]) -> None:
        """Let neurons' values be late, and not the sums with a bias that they drive."""
        for source, reader in late:
            weights = self._behind_ends(source)
            read = [self._behind_ends(each) for each in self.sources[weights]]
            biased = self.kinds[weights] == "Affine" and self.graph.nodes[weights].bias.any()
            if biased and len(read) == 1 and self.kinds[read[0]] in NEURONS:
                self.order.remove(weights)
                self.order.insert(self.order.index(reader), weights)

    def _behind_ends(self, name: str) -> str:
        """Return the node whose value the ends of subgraphs hand on."""
        while self.kinds[name] in ("Input", "Output") and len(self.sources[name]) == 1:
            (name,) = self.sources[name]
        return name


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


def _conv(node: Any, x: Array, state: State, dt: float) -> Array:
    """Return the correlation, one position of the kernel after another; a line is one row."""
    weight, groups, lines = node.weight, int(node.groups), node.weight.ndim == 3
    if lines:
        weight, x = weight[:, :, None], x[:, :, None]
    down, right = _sides(node.stride, lines, 1)
    apart = _sides(node.dilation, lines, 1)
    height, width = weight.shape[2:]
    reach = (apart[0] * (height - 1), apart[1] * (width - 1))
    padded = np.pad(x, ((0, 0), (0, 0), *_margins(node.padding, reach, lines)))
    rows = (padded.shape[2] - reach[0] - 1) // down + 1
    columns = (padded.shape[3] - reach[1] - 1) // right + 1
    result = np.zeros((len(x), len(weight), rows, columns), np.float32)
    for i in range(height):
        for j in range(width):
            y, z = i * apart[0], j * apart[1]
            window = padded[:, :, y : y + down * rows : down, z : z + right * columns : right]
            parts = zip(
                np.split(window, groups, 1), np.split(weight[:, :, i, j], groups), strict=True
            )
            result += np.concatenate([np.einsum("ncyx,oc->noyx", *part) for part in parts], 1)
    sums: Array = result + node.bias[:, None, None]
    return sums[:, :, 0] if lines else sums


def _sides(values: Any, lines: bool, alone: int) -> tuple[int, int]:
    return (alone, int(np.ravel(values)[0])) if lines else _pair(values)


def _margins(padding: Any, reach: tuple[int, int], lines: bool) -> list[tuple[int, int]]:
    """Return the zeros before and after, for rows and for columns."""
    if not isinstance(padding, str):
        return [(size, size) for size in _sides(padding, lines, 0)]
    if padding == "valid":
        return [(0, 0), (0, 0)]
    return [(size // 2, size - size // 2) for size in reach]


def _flatten(node: Any, x: Array, state: State, dt: float) -> Array:
    axes = x.ndim - 1
    start, end = (int(axis) % axes + 1 for axis in (node.start_dim, node.end_dim))
    return x.reshape(*x.shape[:start], -1, *x.shape[end + 1 :])


def _delay(node: Any, x: Array, state: Any, dt: float) -> Array:
    seconds = np.broadcast_to(node.delay, x.shape[1:])
    steps = np.rint(seconds / dt).astype(int) - state["waited"]
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
    "Conv1d": _conv,
    "Conv2d": _conv,
    "Flatten": _flatten,
    "Delay": _delay,
}


def _plain(kind: str) -> Callable[[Any, Array, Any, float], Array]:
    if kind not in PLAIN:
        raise UnsteppedError(f"a {kind} has no step here")
    return PLAIN[kind]
