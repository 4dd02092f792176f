"""Another writer's network as a graph in floats, by one of the readings of NIR."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy import graph as g
from neurodeploy.data.structure import LONGEST_DELAY, Edge, Shape
from neurodeploy.errors import ArtifactError, UnsupportedLayerError, ValidationError
from neurodeploy.graph import ForeignGraph, Graph, Node
from snncore.dynamics.zoo.spiking import Reset
from targets.nir.foreign.network import PASS, NirNetwork, NirNode, network_of
from targets.nir.foreign.neurons.cell import Cell, Layer
from targets.nir.foreign.neurons.zoo import of_zoo
from targets.nir.foreign.order import NEURONS, Order, order_of
from targets.nir.foreign.primitives import WRITE, Site
from targets.nir.foreign.profiles import Profile
from targets.nir.graph.names import Names

_FIRING = ("IF", "LIF", "CubaLIF")
# What a whole network's neurons and weights may take, in numbers.
_MOST_NUMBERS = 1 << 28
_MOST_AXES = 16


@dataclass(frozen=True)
class Reading:
    """How a file is read: the profile, the seconds of a step, and what is chosen beside."""

    profile: Profile
    dt: float | None = None
    reset: Reset | None = None
    # Whether neurons become the nearest of our zoo, which chips have.
    zoo: bool = False


def graph_of(content: bytes, reading: Reading) -> ForeignGraph:
    """Return the network in a file as a graph in floats, and all that was not taken as it is.

    Raises:
        ArtifactError: if the file is damaged, or makes no sense; names the node.
        ValidationError: if the file does not say what it needs; names the option that does.
        UnsupportedLayerError: if the reading, or our network, has no such node.
    """
    return graph_in(network_of(content), reading)


def graph_in(network: NirNetwork, reading: Reading) -> ForeignGraph:
    """Return a network as a graph in floats, and all that was not taken as it is.

    Raises:
        ArtifactError: if the network makes no sense; names the node.
        ValidationError: if the file does not say what it needs; names the option that does.
        UnsupportedLayerError: if the reading, or our network, has no such node.
    """
    unknown = [n for n in network.nodes.values() if n.kind not in _KNOWN]
    if unknown:
        raise UnsupportedLayerError(
            f"{unknown[0].name}: {unknown[0].kind:.60} is not a primitive of nir 1.0.8",
            remedy=f"those are {', '.join(sorted(_KNOWN - {PASS}))}",
        )
    builder = _Builder(network, reading, _seconds(network, reading))
    return builder.build()


_KNOWN = {*WRITE, *NEURONS, PASS, "Input", "Output"}


def _seconds(network: NirNetwork, reading: Reading) -> float:
    """Return the seconds of a step.

    Raises:
        ValidationError: if the file has times, and nothing says how long a step is.
    """
    profile = reading.profile
    if profile.in_steps and profile.dt is not None:
        return profile.dt
    if reading.dt is not None:
        return reading.dt
    if profile.dt is not None:
        return profile.dt
    timed = [node for node in network.nodes.values() if node.kind in (*NEURONS, "Delay")]
    if not timed:
        return 1.0
    hints = sorted({hint for node in timed for hint in _hints(node)})
    near = f", such as --dt {hints[0]:g}: {timed[0].name} has r = tau / dt with it" if hints else ""
    raise ValidationError(
        f"{timed[0].name}: a {timed[0].kind} counts in seconds, and the file does not say how "
        "long a step is",
        remedy=f"give the seconds of a step with --dt{near}",
    )


def _hints(node: NirNode) -> list[float]:
    """Return the time steps with which a node's resistance undoes what its leak does."""
    tau = node.numbers.get("tau_mem", node.numbers.get("tau"))
    r = node.numbers.get("r")
    if tau is None or r is None or tau.size == 0 or r.size == 0:
        return []
    first, resistance = float(tau.reshape(-1)[0]), float(r.reshape(-1)[0])
    return [float(f"{first / resistance:.3g}")] if resistance > 1 and first > 0 else []


def _rounded(node: NirNode) -> list[str]:
    """Return the numbers of a node without neurons that float32 rounds; a Delay has times."""
    wide = {k: v for k, v in node.numbers.items() if v.dtype.kind == "f" and v.dtype.itemsize > 4}
    return [
        name
        for name, values in sorted(wide.items())
        if node.kind != "Delay" and (values.astype(np.float32) != values).any()
    ]


class _Builder:
    def __init__(self, network: NirNetwork, reading: Reading, dt: float) -> None:
        self.network, self.reading, self.dt = network, reading, dt
        self.notes = list(network.notes)
        self.steps = {n.name: self._steps(n) for n in network.nodes.values() if n.kind == "Delay"}
        waits = {name: int(steps.min()) for name, steps in self.steps.items()}
        early = reading.profile.bias_at_start
        self.order: Order = order_of(network, delays=waits, bias_at_start=early)
        first = next(name for name in self.order.names if network.nodes[name].kind == "Input")
        self.names = Names([])
        self.name = {first: self.names.new("input")}
        others = (name for name in self.order.names if name != first)
        self.name |= {name: self.names.new(name) for name in others}
        self.nodes: list[Node] = []
        self.shapes: dict[str, Shape] = {}
        self.became: dict[str, str] = {}
        self.initial: dict[str, Mapping[str, float]] = {}
        self.exponentials: dict[str, tuple[str, ...]] = {}
        # The numbers that float32 rounds.
        self.rounded: list[str] = []

    def build(self) -> ForeignGraph:
        self._note_reading()
        output = ""
        for name in self.order.names:
            node = self.network.nodes[name]
            if node.kind == "Input":
                self._append(g.Input(self.name[name], self._input_shape(node)))
            elif node.kind == "Output":
                output = self._output(node)
            elif node.kind != PASS or len(self.network.sources(name)) > 1:
                self._add(node)
        graph = Graph(tuple(self.nodes), output)
        if self.rounded:
            words = "numbers of more than float32 are rounded to it"
            self.notes.append(f"{words}: {', '.join(self.rounded):.200}")
        return ForeignGraph(
            graph,
            became={
                name: (self.network.nodes[name].kind, ours) for name, ours in self.became.items()
            },
            left_out=tuple(f"{name}: nothing reads it" for name in self.order.unused),
            notes=tuple(dict.fromkeys(self.notes)),
            initial=self.initial,
            exponentials=self.exponentials,
            # Those who count in seconds are given them, even if this reading counts in steps.
            dt=self.reading.dt or self.dt,
        )

    def _note_reading(self) -> None:
        reading, profile = self.reading, self.reading.profile
        self.notes.insert(0, f"{profile.words()} (--profile {profile.name})")
        if profile.in_steps and reading.dt is not None:
            self.notes.append(f"--dt is not used: {profile.title} counts time in steps")
        elif reading.dt is None and profile.dt is not None and not profile.in_steps:
            self.notes.append(f"a step takes {profile.dt:g} s, as {profile.title} fixes it")
        for source, reader in sorted(self.order.late):
            self.notes.append(f"the edge {source} -> {reader} closes a loop, and waits a step")
        for name in sorted(self.order.shorter):
            self.notes.append(f"{name}: is a step shorter here, since its loop waits a step")

    def _input_shape(self, node: NirNode) -> Shape:
        shape = node.array("shape").reshape(-1)
        if shape.dtype.kind not in "iu" or shape.size == 0 or shape.min() < 1:
            words = f"{shape.tolist()!s:.80} is not the shape of an input"
            raise ArtifactError(f"{node.name}.shape: {words}")
        if shape.size > _MOST_AXES:
            raise ArtifactError(f"{node.name}.shape: has {shape.size} axes, more than {_MOST_AXES}")
        lengths = tuple(int(length) for length in shape)
        self._require_room(node.name, lengths)
        return lengths

    def _require_room(self, name: str, shape: Shape) -> None:
        if prod(shape) > _MOST_NUMBERS:
            raise ArtifactError(f"{name}: {shape} is more than any network has")

    def _output(self, node: NirNode) -> str:
        """Return the node that the output shows."""
        edge = self._read(node)
        shape = self.shapes[edge.source]
        if edge.delay:
            self._append(g.Delay(self.name[node.name], Edge(edge.source), np.array([1.0])))
            edge = Edge(self.name[node.name])
        said = tuple(int(length) for length in node.array("shape").reshape(-1))
        if prod(said) != prod(shape):
            raise ArtifactError(f"{node.name}.shape: says {said}, and the network gives {shape}")
        if said != shape:
            self.notes.append(f"{node.name}: says the shape {said}, and the network gives {shape}")
        return edge.source

    def _add(self, node: NirNode) -> None:
        """Append what a node becomes."""
        name = self.name[node.name]
        if node.kind == PASS:
            self._read(node, name)
            return
        source = self._read(node)
        shape = self._shape(node, source)
        self.became[node.name] = name
        site = Site(name, source, shape)
        if node.kind in NEURONS:
            self._append(self._neurons(node, name, source, shape))
            return
        if node.kind == "Delay":
            shorter = int(node.name in self.order.shorter)
            site = Site(name, source, shape, self.steps[node.name] - shorter)
        profile = self.reading.profile
        change = profile.changes(node.kind, node.numbers)
        if change is not None:
            self.notes.append(f"{node.name}: {profile.title} {change}; it is read as NIR says")
        self.rounded += [f"{node.name}.{name}" for name in _rounded(node)]
        for each in WRITE[node.kind](node, site):
            self._append(each)

    def _read(self, node: NirNode, total: str | None = None) -> Edge:
        """Return the edge that a node reads; several are added up first."""
        edges = [self._edge(source, node.name) for source in self.network.sources(node.name)]
        # Those that wait come last, as loops add what they feed back.
        terms = sorted(edges, key=lambda edge: edge.delay > 0)
        if len(terms) == 1 and total is None:
            return terms[0]
        add = g.Add(total or self.names.new(f"{self.name[node.name]}_sum"), tuple(terms))
        self._append(add)
        return Edge(add.name)

    def _edge(self, source: str, reader: str) -> Edge:
        """Return the edge from a node, through those that only hand on what they read."""
        delay = int((source, reader) in self.order.late)
        while self.network.nodes[source].kind == PASS:
            before = self.network.sources(source)
            if len(before) != 1:
                break
            delay += (before[0], source) in self.order.late
            source = before[0]
        return Edge(self.name[source], delay)

    def _shape(self, node: NirNode, source: Edge) -> Shape:
        """Return the shape of what a node reads; that of late values comes from their readers."""
        if source.source in self.shapes:
            return self.shapes[source.source]
        weight = node.numbers.get("weight")
        if weight is None or weight.ndim != 2:
            raise UnsupportedLayerError(f"{node.name}: reads a loop whose shape is not known yet")
        return (weight.shape[1],)

    def _neurons(self, node: NirNode, name: str, source: Edge, shape: Shape) -> Node:
        profile, reset = self.reading.profile, self.reading.reset
        make = profile.cells.get(node.kind)
        if make is None:
            raise UnsupportedLayerError(
                f"{node.name}: {profile.title} does not read a {node.kind}",
                remedy=f"it reads {', '.join(profile.cells)}; --profile spec reads all",
            )
        if node.kind in _FIRING and reset is None and profile.name == "spec":
            self._require_reset(node)
        layer = Layer(node, shape, self.dt, reset)
        with np.errstate(all="ignore"):
            cell = make(layer)
        for parameter, value in cell.parameters.items():
            if not np.isfinite(value).all():
                raise ArtifactError(
                    f"{node.name}: with a step of {self.dt:g} s, float32 does not hold its "
                    f"{parameter}"
                )
        self.rounded += [f"{node.name}.{each}" for each in sorted(layer.rounded)]
        self.notes += cell.notes
        self._note_step(node, cell)
        if self.reading.zoo:
            cell = of_zoo(node.name, cell)
            self.notes += cell.notes
        else:
            self.exponentials |= {name: cell.exponentials} if cell.exponentials else {}
            self.initial |= {name: cell.initial} if cell.initial else {}
        return g.Neuron(name, source, cell.equations, cell.parameters)

    def _require_reset(self, node: NirNode) -> None:
        """Check that a file says what a spike does to the voltage.

        Raises:
            ValidationError: if it is one of before nir 1.0.6, when that was something else.
        """
        if "v_reset" in node.numbers:
            return
        raise ValidationError(
            f"{node.name}: has no v_reset, as files of before nir 1.0.6 have none: then a spike "
            "subtracted v_threshold from the voltage (soft), and since then it sets it to 0 (hard)",
            remedy="say which: --option reset=soft or --option reset=hard, or the --profile of "
            "the framework that wrote it",
        )

    def _note_step(self, node: NirNode, cell: Cell) -> None:
        if (np.asarray(cell.summary.leak) > 1).any():
            self.notes.append(f"{node.name}: a step is longer than its time constant, so it swings")

    def _steps(self, node: NirNode) -> NDArray[Any]:
        """Return the steps of a Delay.

        Raises:
            ArtifactError: if they are not whole.
        """
        seconds = node.array("delay").astype(np.float64)
        steps = np.rint(seconds / self.dt)
        if seconds.size == 0 or (seconds < 0).any() or (steps > LONGEST_DELAY).any():
            raise ArtifactError(
                f"{node.name}.delay: are not delays of 0 to {LONGEST_DELAY:,} steps, each of "
                f"{self.dt:g} s"
            )
        if (np.abs(steps * self.dt - seconds) > 1e-3 * self.dt).any():
            raise ArtifactError(
                f"{node.name}.delay: {seconds.max():g} s is not a whole number of steps of "
                f"{self.dt:g} s",
                remedy="choose a --dt that divides it",
            )
        return steps

    def _append(self, node: Node) -> None:
        inputs = [self.shapes[edge.source] for edge in node.sources if edge.source in self.shapes]
        shape = node.output_shape(inputs)
        self._require_room(node.name, shape)
        self.shapes[node.name] = shape
        self.nodes.append(node)
