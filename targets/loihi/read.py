"""Lava's .net file to a Program that computes what the loader and the simulation make of it.

Written from what the format is, not from what `compile` writes, so that it reads any such file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError
from neurodeploy.program import (
    Conv2d,
    Dense,
    Flatten,
    Input,
    Integers,
    Neuron,
    Node,
    Program,
    Signal,
)
from neurodeploy.structure import Edge, Shape
from snncore.dynamics import LOIHI
from snncore.dynamics.zoo import CUBA_LIF
from targets.loihi.hdf5 import LayerEntry, opened
from targets.loihi.loader import loaded_weights

# Weights count in 1/64, as slayer and quant write them.
_EXPONENT = -6
_NEURONS = ("LOIHI", "CUBA")
_NO_NEURON = {"current_decay": 0, "voltage_decay": 4096, "threshold": 1 << 17}


def read_artifact(artifact: Artifact) -> Program:
    """The program that an artifact holds; names come from its manifest, if it has one.

    Raises:
        ArtifactError: if the file is damaged, or holds what the simulation cannot run.
    """
    names = [name for name in artifact.files if name.endswith(".net")]
    if len(names) != 1:
        raise ArtifactError(f"{artifact.path}: holds {len(names)} .net files instead of one")
    with opened(artifact.files[names[0]], names[0]) as entries:
        program = _Reader().read(entries)
    return _named(program, artifact.contract) if artifact.contract else program


@dataclass
class _Reader:
    nodes: list[Node] = field(default_factory=list)
    flatten: str | None = None

    def read(self, entries: list[LayerEntry]) -> Program:
        for entry in entries:
            kind = entry.text("type")
            reader = _READERS.get(kind)
            if reader is None:
                reason = _REFUSED.get(kind, "is a layer that the loader skips without a word")
                raise ArtifactError(f"{entry.name}: {kind!r} {reason}")
            reader(self, entry)
        if self.flatten is not None or not isinstance(self.nodes[-1], Neuron):
            raise ArtifactError(f"{entries[-1].name}: the network ends without neurons")
        return Program(tuple(self.nodes), self.nodes[-1].name)

    def input(self, entry: LayerEntry) -> None:
        if self.nodes:
            raise ArtifactError(f"{entry.name}: an input behind other layers")
        shape = self._shape(entry)
        if "neuron" not in entry:
            self.nodes.append(Input("input", shape))
            return
        # Weight and bias of an input block are a note for the user; the loader applies neither.
        self.nodes.append(Input("input", shape, Signal.CURRENT))
        self._neurons(entry, shape, None)

    def take_flatten(self, entry: LayerEntry) -> None:
        self.flatten = f"{entry.name}.flatten"

    def dense(self, entry: LayerEntry) -> None:
        _refuse(entry, "delay", "delays are not supported yet")
        outputs = prod(self._shape(entry))
        weight = entry.integers("weight")
        if weight.ndim == 1 and outputs and weight.size % outputs == 0:
            weight = weight.reshape(outputs, -1)
        if weight.ndim != 2 or weight.shape[0] != outputs:
            raise ArtifactError(
                f"{entry.name}.weight: {weight.shape} does not fit {outputs} neurons"
            )
        if not self.nodes:
            self.nodes.append(Input("input", (weight.shape[1],)))
        loaded = loaded_weights(weight)
        if loaded is None:
            raise ArtifactError(f"{entry.name}.weight: is all zero, which the loader cannot load")
        source = self._flattened(weight.shape[1])
        name = f"{entry.name}.synapse"
        self.nodes.append(Dense(name, source, loaded.weight, _EXPONENT, loaded.shift))
        self._neurons(entry, (outputs,), name)

    def conv(self, entry: LayerEntry) -> None:
        if not self.nodes:
            raise ArtifactError(
                f"{entry.name}: the file says nothing of the input's shape",
                remedy="write an 'input' layer with a shape before it",
            )
        if self.flatten is not None:
            raise ArtifactError(f"{entry.name}: a convolution behind a flatten")
        weight = entry.integers("weight")
        if weight.ndim == 5 and weight.shape[4] == 1:
            weight = weight[..., 0]
        if weight.ndim != 4:
            raise ArtifactError(f"{entry.name}.weight: has {weight.ndim} axes, not 4")
        name = f"{entry.name}.synapse"
        self.nodes.append(
            Conv2d(
                name,
                Edge(self.nodes[-1].name),
                weight,
                entry.pair("stride"),
                entry.pair("padding"),
                entry.pair("dilation"),
                entry.pair("groups")[0],
                _EXPONENT,
            )
        )
        self._neurons(entry, self._shape(entry), name)

    def _neurons(self, entry: LayerEntry, shape: Shape, synapse: str | None) -> None:
        source = Edge(self.nodes[-1].name if synapse is None else synapse)
        axes = len(shape) - 1
        values = {key: np.int64(value) for key, value in _NO_NEURON.items()}
        if "neuron" in entry:
            values = _neuron_values(entry.group("neuron"), axes)
        elif axes:
            raise ArtifactError(f"{entry.name}.neuron: is missing")
        parameters: dict[str, Any] = dict(values)
        parameters["bias"] = _bias(entry, shape) if synapse is not None else np.int64(0)
        name = entry.name
        neuron = Neuron(name, (source,), CUBA_LIF, LOIHI, parameters, _EXPONENT)
        self.nodes.append(neuron)

    def _shape(self, entry: LayerEntry) -> Shape:
        shape = tuple(int(length) for length in entry.whole("shape").reshape(-1))
        if not shape or any(not 0 < length < 1 << 20 for length in shape):
            raise ArtifactError(f"{entry.name}.shape: {shape} is no shape")
        return shape

    def _flattened(self, width: int) -> Edge:
        """The source of a dense layer; the loader flattens what a `flatten` entry precedes."""
        source = self.nodes[-1]
        flat = isinstance(source, Input) and len(source.shape) == 1
        flat = flat or (isinstance(source, Neuron) and not self._is_image(source))
        if self.flatten is None and not flat and isinstance(source, Input):
            # The network's port is the flat vector then.
            self.flatten = "input.flatten"
        if self.flatten is not None and not flat:
            self.nodes.append(Flatten(self.flatten, Edge(source.name)))
        self.flatten = None
        return Edge(self.nodes[-1].name)

    def _is_image(self, node: Neuron) -> bool:
        return len(Program(tuple(self.nodes), node.name).shapes[node.name]) > 1


def _neuron_values(neuron: LayerEntry, axes: int) -> dict[str, Any]:
    kind = neuron.text("type")
    if kind not in _NEURONS:
        raise ArtifactError(
            f"{neuron.name}: neurons of type {kind!r} are not supported; {', '.join(_NEURONS)} are"
        )
    _refuse(neuron, "messageBits", "messageBits stops the loader")
    keys = {"current_decay": "iDecay", "voltage_decay": "vDecay", "threshold": "vThMant"}
    values = {name: neuron.whole(key) for name, key in keys.items()}
    # An array is one value a neuron, or one a channel of an image.
    return {
        name: value.reshape(-1, *[1] * axes) if value.size > 1 else value.reshape(())
        for name, value in values.items()
    }


def _bias(entry: LayerEntry, shape: Shape) -> Integers | np.int64:
    if "bias" not in entry:
        return np.int64(0)
    # The simulation keeps biases in 16 bits.
    bias = entry.integers("bias").astype(np.int16).astype(np.int64)
    if bias.shape == shape[::-1] and len(shape) == 3:
        return bias.T
    if bias.size == 1:
        return np.int64(bias.reshape(-1)[0])
    if bias.shape != (shape[0],):
        raise ArtifactError(f"{entry.name}.bias: {bias.shape} does not fit the layer's {shape}")
    return bias.reshape(-1, *[1] * (len(shape) - 1))


def _refuse(entry: LayerEntry, key: str, reason: str) -> None:
    if key in entry:
        raise ArtifactError(f"{entry.name}.{key}: {reason}")


def _named(program: Program, contract: Any) -> Program:
    """The program under the names, and in the units, of the network it was made from."""
    try:
        names, exponents = list(contract["names"]), list(contract["exponents"])
        if len(names) != len(program.nodes):
            raise ArtifactError("manifest.json: names another number of layers than the file has")
        new = {node.name: str(name) for node, name in zip(program.nodes, names, strict=True)}
        nodes = []
        for node, exponent in zip(program.nodes, exponents, strict=True):
            changes: dict[str, Any] = {"name": new[node.name]}
            if isinstance(node, Neuron):
                changes["inputs"] = tuple(Edge(new[e.source], e.delay) for e in node.inputs)
            elif not isinstance(node, Input):
                changes["source"] = Edge(new[node.sources[0].source])
            if exponent is not None:
                changes["exponent"] = int(exponent)
            nodes.append(replace(node, **changes))
        return Program(tuple(nodes), new[program.output])
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"manifest.json: does not fit the file: {error}") from error


_READERS: dict[str, Any] = {
    "input": _Reader.input,
    "flatten": _Reader.take_flatten,
    "dense": _Reader.dense,
    "conv": _Reader.conv,
}
_REFUSED = dict.fromkeys(
    ("pool", "unpool", "convT", "average", "concat", "dense_comp"), "cannot be loaded by Lava"
) | {"dense_rec": "layers are not supported yet"}
