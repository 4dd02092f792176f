"""The reader of Lava's .net file: a Program that computes what the loader and simulation do.

It is written from the format's definition, not from what `compile` writes, so it reads any such
file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np

from neurodeploy.artifact import Artifact
from neurodeploy.data.container.hdf5 import MOST_VALUES
from neurodeploy.data.structure import Edge, Shape, renamed
from neurodeploy.errors import ArtifactError, ValidationError
from neurodeploy.program import (
    Conv2d,
    Dense,
    Flatten,
    Input,
    Integers,
    Neuron,
    Node,
    Part,
    Program,
    Signal,
)
from neurodeploy.target import with_decoder, with_encoding
from snncore.dynamics import Equations, NumberSystem
from snncore.dynamics.zoo.readout import CUBA_INTEGRATOR
from snncore.dynamics.zoo.spiking import CUBA_LIF, DRIVEN_CUBA_LIF
from targets.loihi.chip.format import FORMAT, LOIHI, LOIHI_DRIVEN, LOIHI_INTEGRATOR
from targets.loihi.file.hdf5 import LayerEntry, opened
from targets.loihi.file.loader import (
    LARGEST_GEOMETRY,
    LONGEST_DELAY,
    LoadedWeights,
    loaded_together,
)
from targets.loihi.host import input_bias_of, input_scale_of, spike_exp_of
from targets.loihi.neurons.cuba import bias_of, neuron_parameters
from targets.loihi.neurons.integrator import never_fires
from targets.loihi.neurons.sigma_delta import KIND, read_neuron
from targets.loihi.neurons.table import COMPLEX

_AGAIN = "write the file again, with neurodeploy export or with Lava's tools"


def read_artifact(artifact: Artifact) -> Program:
    """Return the program in an artifact; names come from its manifest, if it has one.

    Raises:
        ArtifactError: if the file is damaged, or holds what the simulation cannot run.
    """
    names = [name for name in artifact.files if name.endswith(".net")]
    if len(names) != 1:
        path = artifact.path or "the artifact"
        raise ArtifactError(f"{path}: holds {len(names)} .net files instead of one")
    contract = artifact.contract
    host = (spike_exp_of(contract), input_bias_of(contract), input_scale_of(contract))
    try:
        with opened(artifact.files[names[0]], names[0]) as entries:
            program = _Reader(*host).read(entries)
    except (ValidationError, ArtifactError) as error:
        named = error.message.startswith(f"{names[0]}: ")
        message = error.message if named else f"{names[0]}: {error.message}"
        raise ArtifactError(message, remedy=error.remedy or _AGAIN) from error
    if not contract:
        return program
    return with_decoder(with_encoding(_named(program, contract), contract), contract)


@dataclass
class _Reader:
    spike_exp: int
    input_bias: int
    input_scale: int | None
    nodes: list[Node] = field(default_factory=list)
    # The shape of the last node, if there is one.
    shape: Shape = ()
    flatten: str | None = None
    last: str = ""

    def read(self, entries: list[LayerEntry]) -> Program:
        self.last = entries[-1].name
        for entry in entries:
            kind = entry.text("type")
            reader = _READERS.get(kind)
            if reader is None:
                reason = _REFUSED.get(kind, "is a layer that the loader skips without a word")
                raise ArtifactError(f"{entry.name}: {kind!r} {reason}")
            reader(self, entry)
        # The loader never reaches a flatten after the last layer.
        if not self.nodes or not isinstance(self.nodes[-1], Neuron):
            raise ArtifactError(f"{entries[-1].name}: the network ends without neurons")
        return Program(tuple(self.nodes), self.nodes[-1].name)

    def input(self, entry: LayerEntry) -> None:
        if self.nodes and "neuron" not in entry and not isinstance(self.nodes[-1], Input):
            # The loader ignores a shape where one is known already.
            return
        if self.nodes:
            raise ArtifactError(f"{entry.name}: an input behind other layers")
        if "neuron" in entry:
            # Weight and bias of an input block are a note for the user; the loader applies neither.
            self._append(Input("input", _shape(entry), Signal.CURRENT))
            self._neurons(entry)
        elif "shape" in entry:
            self._append(Input("input", _shape(entry)))

    def take_flatten(self, entry: LayerEntry) -> None:
        self.flatten = f"{entry.name}.flatten"

    def dense(self, entry: LayerEntry) -> None:
        outputs = prod(_shape(entry))
        if _is_complex(entry):
            self._complex(entry, outputs)
            return
        weight = _matrix(entry, "weight", outputs)
        loaded = loaded_together([weight])
        if loaded is None:
            raise ArtifactError(f"{entry.name}.weight: is all zero, which the loader cannot load")
        self._weigh(entry, loaded[0], _delays(entry, weight) if "delay" in entry else None)
        self._neurons(entry, f"{entry.name}.synapse")

    def _complex(self, entry: LayerEntry, outputs: int) -> None:
        """Read two matrices and their neurons; the loader reads neither a bias nor a delay."""
        parts = entry.group("weight")
        if parts.integers("imag").ndim < parts.integers("real").ndim:
            raise ArtifactError(f"{parts.name}.imag: a matrix in one axis stops the loader here")
        loaded: list[LoadedWeights] = []
        for key in ("real", "imag"):
            matrices = loaded_together([_matrix(parts, key, outputs)])
            if matrices is None:
                message = "is all zero, which the loader cannot load"
                raise ArtifactError(f"{parts.name}.{key}: {message}")
            loaded += matrices
        real, imag = loaded
        if real.weight.shape != imag.weight.shape:
            shapes = f"{real.weight.shape} and {imag.weight.shape}"
            raise ArtifactError(f"{parts.name}: real and imag are {shapes}")
        kind = entry.group("neuron").text("type") if "neuron" in entry else "none"
        neurons = next((each for each in COMPLEX if each.is_type(kind)), None)
        if neurons is None:
            message = f"complex weights do not drive neurons of type {kind!r}"
            raise ArtifactError(f"{entry.name}.weight: {message}")
        self._weigh(entry, real, None, "real")
        source = next(edge for edge in self.nodes[-1].sources)
        name = f"{entry.name}.imag"
        self.nodes.append(Dense(name, source, imag.weight, FORMAT.exponent, imag.shift))
        edges = (Edge(f"{entry.name}.real"), Edge(name))
        self._append(neurons.read(entry, edges, FORMAT.exponent, self.shape))

    def recurrent(self, entry: LayerEntry) -> None:
        outputs = prod(_shape(entry))
        if _is_complex(entry):
            message = "the loader drops the recurrence of a layer with complex weights"
            raise ArtifactError(f"{entry.name}.weight_rec: {message}", remedy="leave it out")
        weight, own = _matrix(entry, "weight", outputs), _matrix(entry, "weight_rec", outputs)
        if entry.integers("weight_rec").ndim < entry.integers("weight").ndim:
            message = "a matrix in one axis stops the loader, unless weight is one too"
            raise ArtifactError(f"{entry.name}.weight_rec: {message}")
        if own.shape[1] != outputs:
            raise ArtifactError(f"{entry.name}.weight_rec: {own.shape} is not ({outputs},) * 2")
        if "delay" in entry:
            raise ArtifactError(
                f"{entry.name}.delay: the loader loses the scale of a recurrent layer's weights "
                "that have delays",
                remedy="leave the delays out, or the recurrence",
            )
        kind = entry.group("neuron").text("type") if "neuron" in entry else ""
        source = self.nodes[-1] if self.nodes else None
        if kind == KIND and not (isinstance(source, Neuron) and source.graded):
            message = "sends numbers, which the loader takes for spikes where spikes come in"
            raise ArtifactError(f"{entry.name}.weight_rec: {message}", remedy="leave it out")
        loaded = loaded_together([weight, own])
        if loaded is None:
            raise ArtifactError(f"{entry.name}.weight: is all zero, which the loader cannot load")
        self._weigh(entry, loaded[0], None)
        name, back = f"{entry.name}.recurrent", Edge(entry.name, 1)
        # The source comes after it: a loop reads what its neurons sent one step before.
        self.nodes.append(Dense(name, back, loaded[1].weight, FORMAT.exponent, loaded[1].shift))
        self._neurons(entry, f"{entry.name}.synapse", name)

    def _weigh(
        self,
        entry: LayerEntry,
        loaded: LoadedWeights,
        delays: Integers | None,
        part: str = "synapse",
    ) -> None:
        """Append dense weights over what there is so far, flattened if necessary."""
        inputs = loaded.weight.shape[1]
        if not self.nodes:
            self._append(Input("input", (inputs,)))
        self._flatten_for(entry)
        if self.shape != (inputs,):
            raise ArtifactError(
                f"{entry.name}.weight: takes {inputs} inputs and is given {self.shape}"
            )
        name, source = f"{entry.name}.{part}", Edge(self.nodes[-1].name)
        self._append(
            Dense(name, source, loaded.weight, FORMAT.exponent, loaded.shift, delays=delays)
        )

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
            shape = _shape(entry)
            raise ArtifactError(f"{entry.name}.shape: {shape}, and the sums are {self.shape}")
        self._neurons(entry, name)

    def _neurons(self, entry: LayerEntry, *synapses: str) -> None:
        inputs = tuple(Edge(name) for name in synapses or (self.nodes[-1].name,))
        graded = "neuron" in entry and entry.group("neuron").text("type") == KIND
        bias = np.array(self.input_bias)
        if synapses:
            bias = bias_of(entry, self.shape, wraps=not graded)
        if graded:
            args = (inputs, self.spike_exp, FORMAT.exponent, bias)
            self._append(read_neuron(entry, *args))
            return
        parameters = neuron_parameters(entry, self.shape) | {"bias": bias}
        kind: tuple[Equations, NumberSystem] = (CUBA_LIF, LOIHI)
        if entry.name == self.last and "neuron" in entry and never_fires(parameters):
            kind = (CUBA_INTEGRATOR, LOIHI_INTEGRATOR)
            del parameters["threshold"]
        if self.input_scale is not None and not synapses:
            kind = (DRIVEN_CUBA_LIF, LOIHI_DRIVEN)
            parameters["gain"] = np.array(self.input_scale)
        self._append(Neuron(entry.name, inputs, *kind, parameters, FORMAT.exponent))

    def _flatten_for(self, entry: LayerEntry) -> None:
        """Apply the flatten that the loader does before a dense layer: its input, or images."""
        name, self.flatten = self.flatten, None
        source = self.nodes[-1]
        if isinstance(source, Input):
            if len(self.shape) > 1:
                # The network's port is then the flat vector, with or without a flatten.
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
        self.shape = node.output_shape([self.shape])


def _is_complex(entry: LayerEntry) -> bool:
    """Return whether the loader finds an imaginary part."""
    return entry.holds("weight", "imag")


def _shape(entry: LayerEntry) -> Shape:
    shape = tuple(int(length) for length in entry.whole("shape").reshape(-1))
    if any(length < 1 for length in shape) or prod(shape) > MOST_VALUES:
        raise ArtifactError(f"{entry.name}.shape: {shape} is not the shape of a layer")
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
    return Conv2d(name, source, weight, stride, padding, dilation, groups, FORMAT.exponent)


def _matrix(entry: LayerEntry, key: str, outputs: int) -> Integers:
    weight = entry.integers(key)
    if weight.ndim == 1 and weight.size % outputs == 0:
        weight = weight.reshape(outputs, -1)
    if weight.ndim != 2 or weight.shape[0] != outputs:
        raise ArtifactError(f"{entry.name}.{key}: {weight.shape} does not fit {outputs} neurons")
    return weight


def _delays(entry: LayerEntry, weight: Integers) -> Integers:
    """Return one delay per weight: the loader accepts one for all, per output, or per input."""
    delays = np.minimum(entry.integers("delay"), LONGEST_DELAY)
    if int(delays.min()) < 0:
        raise ArtifactError(f"{entry.name}.delay: {int(delays.min())} steps are before the spike")
    if delays.shape == weight.shape[:1]:
        # If there are as many inputs as outputs, the delays belong to the outputs.
        delays = delays.reshape(-1, 1)
    elif delays.shape not in ((), weight.shape[1:], weight.shape):
        raise ArtifactError(f"{entry.name}.delay: {delays.shape} does not fit {weight.shape}")
    return np.broadcast_to(delays, weight.shape)


def _named(program: Program, contract: Any) -> Program:
    """Return the program with the names and units of the network from which it was exported."""
    try:
        names, exponents = list(contract["names"]), list(contract["exponents"])
        if len(names) != len(program.nodes):
            raise ArtifactError("manifest.json: names another number of layers than the file has")
        new = {node.name: str(name) for node, name in zip(program.nodes, names, strict=True)}
        kinds = {layer["name"]: str(layer["neuron"]) for layer in contract["layers"]}
        parts = {layer["name"]: _parts(layer.get("parts")) for layer in contract["layers"]}
        nodes = []
        for node, exponent in zip(program.nodes, exponents, strict=True):
            changes: dict[str, Any] = {}
            if isinstance(node, Neuron):
                changes["equations"] = replace(node.equations, name=kinds[new[node.name]])
                changes["parts"] = parts[new[node.name]]
            if exponent is not None:
                if type(exponent) is not int:
                    raise TypeError(f"{exponent!r:.40} is not an exponent")
                changes["exponent"] = exponent
            nodes.append(renamed(node, new, **changes))
        return Program(tuple(nodes), new[program.output])
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"manifest.json: does not fit the file: {error}") from error


def _parts(entries: Any) -> tuple[Part, ...] | None:
    """Return the layers of the network within a layer, as a manifest states them.

    Raises:
        TypeError: if an entry does not state one.
    """
    if entries is None:
        return None
    parts = []
    for each in entries:
        sizes = {key: tuple(each[key]) for key in ("shape", "phases")}
        whole = (*sizes["shape"], *sizes["phases"], each["first"])
        if len(each) != 4 or any(type(number) is not int for number in whole):
            raise TypeError(f"{each!r:.80} is not a part of a layer")
        parts.append(Part(str(each["name"]), first=each["first"], **sizes))
    return tuple(parts)


_READERS: dict[str, Any] = {
    "input": _Reader.input,
    "flatten": _Reader.take_flatten,
    "dense": _Reader.dense,
    "dense_rec": _Reader.recurrent,
    "conv": _Reader.conv,
}
_REFUSED = dict.fromkeys(
    ("pool", "unpool", "convT", "average", "concat", "dense_comp"), "cannot be loaded by Lava"
)
