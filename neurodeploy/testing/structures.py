"""Small networks of every structure that a program can have, with any kind of neurons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.network.encoding import Encoding
from neurodeploy.program import (
    Add,
    Attention,
    Concat,
    Conv2d,
    Decoder,
    Dense,
    Edge,
    Flatten,
    Input,
    MaxPool2d,
    Multiply,
    Neuron,
    Node,
    Permute,
    Program,
    Reshape,
    Signal,
    Slice,
    SumPool2d,
    Synapse,
    Upsample,
)
from neurodeploy.target import ExampleNeuron
from snncore.dynamics.zoo.readout import DECODERS, DECODING

Weights = NDArray[np.int64]
MakeSynapse = Callable[[str], Synapse]
# The smallest and the largest current of the suite's samples.
CURRENTS = (-20, 79)


@dataclass
class NetworkBuilder:
    """The nodes of a network so far; a layer reads the last of them."""

    neuron: ExampleNeuron
    nodes: list[Node] = field(default_factory=list)
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    @property
    def last(self) -> str:
        """The name of the last node."""
        return self.nodes[-1].name

    def weights(self, *shape: int) -> Weights:
        """Return even weights, most of them positive, so that neurons fire."""
        return 2 * self.random.integers(-20, 60, shape)

    def input(
        self, *shape: int, signal: Signal = Signal.SPIKES, encoding: Encoding | None = None
    ) -> NetworkBuilder:
        """Begin with samples of this shape."""
        self.nodes.append(Input("input", shape, signal, encoding))
        return self

    def layer(self, name: str, synapse: MakeSynapse, *more: Edge) -> NetworkBuilder:
        """Add a synapse for each input of the neurons, and the neurons, which read `more` too."""
        ports = self.neuron.equations.inputs
        parts = [
            synapse(f"{name}.{port}" if len(ports) > 1 else f"{name}.synapse") for port in ports
        ]
        self.nodes += parts
        edges = (*(Edge(part.name) for part in parts), *more)
        names = (*ports, *(ports[0] for _ in more))
        self.nodes.append(self.neuron.node(name, edges, names))
        return self

    def dense(self, name: str, outputs: int, inputs: int, **changes: Any) -> NetworkBuilder:
        """Add a dense layer and its neurons; keywords are fields of the synapse."""
        source = changes.pop("source", Edge(self.last))
        exponent = self.neuron.exponent

        def synapse(label: str) -> Synapse:
            return Dense(label, source, self.weights(outputs, inputs), exponent, **changes)

        return self.layer(name, synapse)

    def conv(self, name: str, *shape: int, **changes: Any) -> NetworkBuilder:
        """Add a convolution with weights of this shape and its neurons."""
        source, exponent = changes.pop("source", Edge(self.last)), self.neuron.exponent

        def synapse(label: str) -> Synapse:
            return Conv2d(label, source, self.weights(*shape), exponent=exponent, **changes)

        return self.layer(name, synapse)

    def add(self, node: Node) -> NetworkBuilder:
        """Add a node as it is."""
        self.nodes.append(node)
        return self

    def flatten(self) -> NetworkBuilder:
        """Make an image a vector."""
        return self.add(Flatten("flat", Edge(self.last)))

    def program(self) -> Program:
        """Return the program, whose output is the last node."""
        return Program(tuple(self.nodes), self.last)


def _dense(network: NetworkBuilder) -> NetworkBuilder:
    return network.input(6).dense("hidden", 5, 6).dense("output", 3, 5)


def _own_parameters(network: NetworkBuilder) -> NetworkBuilder:
    """Make one parameter differ from neuron to neuron, and bias them where they can be."""
    network = network.input(6).dense("output", 4, 6)
    neuron = network.nodes.pop()
    assert isinstance(neuron, Neuron)
    values = {**neuron.parameters}
    for key, step in {"threshold": 3, "bias": 2}.items():
        if key in values:
            values[key] = np.asarray(values[key]) + step * np.arange(4)
    return network.add(replace(neuron, parameters=values))


def _conv2d(network: NetworkBuilder) -> NetworkBuilder:
    network = network.input(2, 6, 5).conv("image", 3, 2, 3, 3, padding=(1, 1))
    return network.flatten().dense("output", 3, 90)


def _strides(network: NetworkBuilder) -> NetworkBuilder:
    changes: dict[str, Any] = {"stride": (2, 1), "dilation": (1, 2), "padding": (0, 1), "groups": 2}
    return network.input(2, 7, 6).conv("image", 4, 1, 3, 2, **changes)


def _max_pool(network: NetworkBuilder) -> NetworkBuilder:
    network = network.input(2, 6, 6).conv("image", 3, 2, 2, 2)
    network = network.add(MaxPool2d("pool", Edge("image"), (2, 2), (2, 1), (1, 0)))
    return network.flatten().dense("output", 3, 36)


def _moved(network: NetworkBuilder) -> NetworkBuilder:
    """Move values in every way: two layers are joined, cut, permuted, repeated and reshaped."""
    first = Edge(network.input(2, 4, 3).conv("first", 2, 2, 3, 3, padding=(1, 1)).last)
    network = network.conv("second", 2, 2, 3, 3, padding=(1, 1), source=Edge("input"))
    network = network.add(Concat("both", (first, Edge(network.last))))
    network = network.add(Slice("cut", Edge("both"), 1, 0, 3, 2))
    network = network.add(Permute("turned", Edge("cut"), (2, 0, 1)))
    network = network.add(Upsample("large", Edge("turned"), (1, 1, 2), zeros=True))
    return network.add(Reshape("flat", Edge("large"), (48,))).dense("output", 3, 48)


def _products(network: NetworkBuilder) -> NetworkBuilder:
    """Multiply two layers' spikes, and a third one's with one minus a row of the first."""
    kernel: dict[str, Any] = {"padding": (1, 1), "source": Edge("input")}
    network = network.input(2, 3, 4)
    for name in ("first", "second", "third"):
        network = network.conv(name, 2, 2, 3, 3, **kernel)
    network = network.add(Multiply("both", (Edge("first"), Edge("second"))))
    network = network.add(Slice("row", Edge("first"), 1, 0, 1))
    network = network.add(Multiply("unless", (Edge("third"), Edge("row")), complement=True))
    network = network.add(Concat("joined", (Edge("both"), Edge("unless"))))
    return network.flatten().dense("output", 3, 48)


def _attention(network: NetworkBuilder) -> NetworkBuilder:
    """Let queries attend to keys and values, with two heads, and weigh the sums."""
    network = network.input(2, 2, 3)
    for name in ("query", "key", "value"):
        network = network.conv(name, 4, 2, 1, 1, source=Edge("input"))
    edges = (Edge("query"), Edge("key"), Edge("value"))
    network = network.add(Attention("attended", edges, heads=2))
    return network.conv("output", 3, 4, 1, 1, source=Edge("attended"))


def _sums(network: NetworkBuilder) -> NetworkBuilder:
    """Add two layers' spikes, weigh the sums, add again, and weigh the sums of all windows."""
    network = network.input(2, 4, 4)
    for name in ("first", "second"):
        network = network.conv(name, 2, 2, 3, 3, padding=(1, 1), source=Edge("input"))
    network = network.add(Add("both", (Edge("first"), Edge("second"))))
    network = network.conv("third", 2, 2, 1, 1)
    network = network.add(Add("all", (Edge("both"), Edge("third"))))
    network = network.add(SumPool2d("pool", (Edge("all"),), (2, 4), (1, 1)))
    return network.flatten().dense("output", 3, 6)


def _sum_pool(network: NetworkBuilder) -> NetworkBuilder:
    weight = np.full((2, 1, 2, 2), 64)

    def synapse(label: str) -> Synapse:
        return Conv2d(
            label, Edge("input"), weight, (2, 2), groups=2, exponent=network.neuron.exponent
        )

    return network.input(2, 6, 4).layer("pool", synapse)


def _flatten(network: NetworkBuilder) -> NetworkBuilder:
    return network.input(2, 3, 2).flatten().dense("output", 4, 12)


def _late_edge(network: NetworkBuilder) -> NetworkBuilder:
    network = network.input(6).dense("hidden", 5, 6)
    return network.dense("output", 3, 5, source=Edge("hidden", 2))


def _delays(network: NetworkBuilder) -> NetworkBuilder:
    delays = np.random.default_rng(1).integers(0, 4, (4, 6))
    return network.input(6).dense("output", 4, 6, delays=delays)


def _recurrence(network: NetworkBuilder) -> NetworkBuilder:
    own = Dense("own", Edge("output", 1), network.weights(4, 4) // 4 * 2, network.neuron.exponent)
    network = network.input(6).dense("output", 4, 6)
    neuron = network.nodes.pop()
    assert isinstance(neuron, Neuron)
    ports = None if neuron.ports is None else (*neuron.ports, neuron.ports[0])
    inputs = (*neuron.inputs, Edge(own.name))
    return network.add(own).add(replace(neuron, inputs=inputs, ports=ports))


def _branches(network: NetworkBuilder) -> NetworkBuilder:
    network = network.input(6).dense("first", 5, 6)
    skip = Dense("skip", Edge("input"), network.weights(4, 6), network.neuron.exponent)
    source = Edge("first")
    exponent = network.neuron.exponent
    network = network.add(skip)
    return network.layer(
        "output", lambda label: Dense(label, source, network.weights(4, 5), exponent), Edge("skip")
    )


def _currents(network: NetworkBuilder, encoding: Encoding | None = None) -> NetworkBuilder:
    network = network.input(5, signal=Signal.CURRENT, encoding=encoding)
    ports = network.neuron.equations.inputs
    network.add(network.neuron.node("encoder", tuple(Edge("input") for _ in ports), ports))
    return network.dense("output", 3, 5)


def _encoder(network: NetworkBuilder) -> NetworkBuilder:
    """Begin with an encoder, whose integers drive the first neurons."""
    return _currents(network, Encoding(-5, *CURRENTS))


def _shift(network: NetworkBuilder) -> NetworkBuilder:
    return network.input(6).dense("output", 4, 6, shift=1)


def _narrow_sums(network: NetworkBuilder) -> NetworkBuilder:
    return network.input(6).dense("output", 4, 6, accumulator_bits=9)


def _one_neuron(network: NetworkBuilder) -> NetworkBuilder:
    return network.input(1).dense("output", 1, 1)


def _decoder(network: NetworkBuilder) -> NetworkBuilder:
    """End in the sum of what the last neurons send, over all steps."""
    network = network.input(6).dense("hidden", 5, 6).dense("output", 3, 5)
    edges = (Edge(network.last),)
    return network.add(Decoder("count", edges, DECODERS["count"], DECODING))


STRUCTURES: dict[str, Callable[[NetworkBuilder], NetworkBuilder]] = {
    "dense": _dense,
    "a parameter for each neuron": _own_parameters,
    "conv2d": _conv2d,
    "strides, dilation and groups": _strides,
    "max pool": _max_pool,
    "sum pool": _sum_pool,
    "flatten": _flatten,
    "moved values": _moved,
    "sums of spikes": _sums,
    "products": _products,
    "attention": _attention,
    "a late edge": _late_edge,
    "delays": _delays,
    "recurrence": _recurrence,
    "branches": _branches,
    "currents": _currents,
    "an input encoder": _encoder,
    "shifted sums": _shift,
    "narrow sums": _narrow_sums,
    "one neuron": _one_neuron,
    "a decoder over time": _decoder,
}


def build(structure: str, neuron: ExampleNeuron) -> Program:
    """Return the network of that structure, with these neurons."""
    return STRUCTURES[structure](NetworkBuilder(neuron)).program()
