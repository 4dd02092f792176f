"""Lava's .net file to a Program that computes what the loader and the simulation make of it.

Written from what the format is, not from what `compile` writes, so that it reads any such file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, ValidationError
from neurodeploy.program import Conv2d, Dense, Flatten, Input, Neuron, Node, Program, Signal
from neurodeploy.program.shapes import output_shape
from neurodeploy.structure import Edge, Shape
from snncore.dynamics import LOIHI
from snncore.dynamics.zoo import CUBA_LIF
from targets.loihi.hdf5 import MOST_VALUES, LayerEntry, opened
from targets.loihi.loader import LARGEST_GEOMETRY, loaded_weights
from targets.loihi.neurons import bias_of, neuron_parameters

# Weights count in 1/64, as slayer and quant write them.
_EXPONENT = -6


def read_artifact(artifact: Artifact) -> Program:
    """The program that an artifact holds; names come from its manifest, if it has one.

    Raises:
        ArtifactError: if the file is damaged, or holds what the simulation cannot run.
    """
    names = [name for name in artifact.files if name.endswith(".net")]
    if len(names) != 1:
        place = artifact.path or "the artifact"
        raise ArtifactError(f"{place}: holds {len(names)} .net files instead of one")
    with opened(artifact.files[names[0]], names[0]) as entries:
        try:
            program = _Reader().read(entries)
        except ValidationError as error:
            message = f"{names[0]}: {error.message}"
            raise ArtifactError(message, remedy=error.remedy) from error
    return _named(program, artifact.contract) if artifact.contract else program


@dataclass
class _Reader:
    nodes: list[Node] = field(default_factory=list)
    # Of the last node, where there is one.
    shape: Shape = ()
    flatten: str | None = None

    def read(self, entries: list[LayerEntry]) -> Program:
        for entry in entries:
            kind = entry.text("type")
            reader = _READERS.get(kind)
            if reader is None:
                reason = _REFUSED.get(kind, "is a layer that the loader skips without a word")
                raise ArtifactError(f"{entry.name}: {kind!r} {reason}")
            reader(self, entry)
        if self.flatten is not None or not self.nodes or not isinstance(self.nodes[-1], Neuron):
            raise ArtifactError(f"{entries[-1].name}: the network ends without neurons")
        return Program(tuple(self.nodes), self.nodes[-1].name)

    def input(self, entry: LayerEntry) -> None:
        if self.nodes:
            raise ArtifactError(f"{entry.name}: an input behind other layers")
        if "neuron" in entry:
            # Weight and bias of an input block are a note for the user; the loader applies neither.
            self._append(Input("input", _shape(entry), Signal.CURRENT))
            self._neurons(entry, None)
        elif "shape" in entry:
            self._append(Input("input", _shape(entry)))

    def take_flatten(self, entry: LayerEntry) -> None:
        self.flatten = f"{entry.name}.flatten"

    def dense(self, entry: LayerEntry) -> None:
        _refuse(entry, "delay", "delays are not supported yet")
        outputs = prod(_shape(entry))
        weight = entry.integers("weight")
        if weight.ndim == 1 and weight.size % outputs == 0:
            weight = weight.reshape(outputs, -1)
        if weight.ndim != 2 or weight.shape[0] != outputs:
            raise ArtifactError(
                f"{entry.name}.weight: {weight.shape} does not fit {outputs} neurons"
            )
        loaded = loaded_weights(weight)
        if loaded is None:
            raise ArtifactError(f"{entry.name}.weight: is all zero, which the loader cannot load")
        if not self.nodes:
            self._append(Input("input", (weight.shape[1],)))
        self._flatten_for(entry)
        if self.shape != (weight.shape[1],):
            raise ArtifactError(
                f"{entry.name}.weight: takes {weight.shape[1]} inputs and is given {self.shape}"
            )
        name, source = f"{entry.name}.synapse", Edge(self.nodes[-1].name)
        self._append(Dense(name, source, loaded.weight, _EXPONENT, loaded.shift))
        self._neurons(entry, name)

    def conv(self, entry: LayerEntry) -> None:
        if not self.nodes:
            raise ArtifactError(
                f"{entry.name}: the file says nothing of the input's shape",
                remedy="write an 'input' layer with a shape before it",
            )
        if self.flatten is not None:
            raise ArtifactError(f"{entry.name}: a convolution behind a flatten")
        name = f"{entry.name}.synapse"
        self._append(_convolution(entry, name, Edge(self.nodes[-1].name)))
        if self.shape != _shape(entry):
            said = _shape(entry)
            raise ArtifactError(f"{entry.name}.shape: {said}, and the sums are {self.shape}")
        self._neurons(entry, name)

    def _neurons(self, entry: LayerEntry, synapse: str | None) -> None:
        source = Edge(self.nodes[-1].name if synapse is None else synapse)
        bias = np.array(0) if synapse is None else bias_of(entry, self.shape)
        parameters = neuron_parameters(entry, self.shape) | {"bias": bias}
        self._append(Neuron(entry.name, (source,), CUBA_LIF, LOIHI, parameters, _EXPONENT))

    def _flatten_for(self, entry: LayerEntry) -> None:
        """What the loader flattens before a dense layer: its input, or images if told so."""
        name, self.flatten = self.flatten, None
        source = self.nodes[-1]
        if isinstance(source, Input):
            if len(self.shape) > 1:
                # The network's port is the flat vector then, with or without a flatten.
                self._append(Flatten(name or "input.flatten", Edge(source.name)))
        elif name is not None:
            if len(self.shape) != 3:
                raise ArtifactError(f"{entry.name}: a flatten of {self.shape} stops the loader")
            self._append(Flatten(name, Edge(source.name)))
        elif len(self.shape) > 1:
            raise ArtifactError(
                f"{entry.name}: reads {self.shape}, which stops the loader",
                remedy="write a 'flatten' layer before it",
            )

    def _append(self, node: Node) -> None:
        self.nodes.append(node)
        self.shape = output_shape(node, [self.shape])


def _shape(entry: LayerEntry) -> Shape:
    shape = tuple(int(length) for length in entry.whole("shape").reshape(-1))
    if any(length < 1 for length in shape) or prod(shape) > MOST_VALUES:
        raise ArtifactError(f"{entry.name}.shape: {shape} is no shape of a layer")
    return shape


def _convolution(entry: LayerEntry, name: str, source: Edge) -> Conv2d:
    weight = entry.integers("weight")
    if weight.ndim == 5 and weight.shape[4] == 1:
        weight = weight[..., 0]
    if weight.ndim != 4:
        raise ArtifactError(f"{entry.name}.weight: has {weight.ndim} axes, not 4")
    total = int(np.abs(weight).reshape(weight.shape[0], -1).sum(axis=1).max())
    if total >= 1 << 31:
        raise ArtifactError(f"{entry.name}.weight: a sum may reach {total}, beyond 32 bits")
    stride, padding, dilation = (entry.pair(key) for key in ("stride", "padding", "dilation"))
    groups = entry.number("groups")
    kernel = (weight.shape[2], weight.shape[3])
    if max(*stride, *padding, *dilation, *kernel, groups) > LARGEST_GEOMETRY:
        raise ArtifactError(
            f"{entry.name}: stride {stride}, padding {padding}, dilation {dilation}, kernel "
            f"{kernel} or groups {groups} is beyond {LARGEST_GEOMETRY}, which the simulation "
            "cannot hold"
        )
    return Conv2d(name, source, weight, stride, padding, dilation, groups, _EXPONENT)


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
        kinds = {layer["name"]: str(layer["neuron"]) for layer in contract["layers"]}
        nodes = []
        for node, exponent in zip(program.nodes, exponents, strict=True):
            changes: dict[str, Any] = {"name": new[node.name]}
            if isinstance(node, Neuron):
                changes["inputs"] = tuple(Edge(new[e.source], e.delay) for e in node.inputs)
                changes["equations"] = replace(node.equations, name=kinds[new[node.name]])
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
