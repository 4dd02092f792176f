"""The steps of a file's layers: the nodes of functions, or of a graph that has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.data.structure import Edge
from neurodeploy.errors import ArtifactError
from neurodeploy.program import Neuron, Program
from neurodeploy.program.ranges import ranges
from neurodeploy.target.steps import ArtifactSteps, ComputedStep, LayerStep, Leaves, SumBound
from snncore.dynamics.bits.circuit import Circuit
from targets.onnx.compile import FILE
from targets.onnx.forms.forms import GraphForm
from targets.onnx.limits import numbers_of
from targets.onnx.proving.nodes import Number, Walk
from targets.onnx.read import Opened
from targets.onnx.writing.parts import ProgramPart, parts_of
from targets.onnx.writing.types import onnx_module
from targets.onnx.writing.writer import DOMAIN

_WITH_FUNCTIONS = "export it with --option functions=true"


def steps_in(opened: Opened, artifact: Artifact) -> ArtifactSteps:
    """Return the steps that a file's own nodes compute.

    Raises:
        ArtifactError: if the file holds floats, or its nodes do not belong together.
    """
    program = opened.network
    if not isinstance(program, Program):
        raise ArtifactError(
            f"{artifact.path}: holds a network in floats, which has no steps to prove",
            remedy="quantize the model and export it again",
        )
    model = onnx_module().ModelProto()
    model.ParseFromString(opened.content)
    reader = _Reader(model, program, {part.name: part for part in parts_of(program)})
    layers, missing = {}, {}
    for node in program.layers:
        if opened.choices.functions:
            layers[node.name] = reader.function(node)
        elif opened.choices.form == GraphForm.UNROLLED:
            missing[node.name] = f"its steps are written out one by one; {_WITH_FUNCTIONS}"
        elif any(edge.delay for edge in node.inputs):
            missing[node.name] = f"its delayed inputs are written out; {_WITH_FUNCTIONS}"
        else:
            layers[node.name] = reader.written_out(node)
    return ArtifactSteps(program, layers, reader.sums(), missing)


@dataclass(frozen=True)
class _Reader:
    model: Any
    program: Program
    parts: Mapping[str, ProgramPart]

    def function(self, node: Neuron) -> LayerStep:
        """Return the step of a layer that is a call of a function."""
        part = self.parts[node.name]
        call = self._call(part)
        function = next((f for f in self.model.functions if f.name == call.op_type), None)
        if function is None:
            raise ArtifactError(f"{node.name}: calls {call.op_type}, which is not in the file")
        labels, states = self._labels(part), list(part.states)
        arguments, results = list(function.input), list(function.output)
        count = len(part.sources)
        if len(arguments) != count + len(states) + len(labels) or len(results) != len(states) + 1:
            raise ArtifactError(f"{node.name}: the function {function.name} is not of its kind")
        # A function calls its arguments in this order, whatever their names are.
        formal = arguments[count + len(states) :]
        tensors = dict(zip(labels, call.input[count + len(states) :], strict=False))
        sources: dict[Edge, tuple[str, ...]] = {}
        # An edge that leads here twice is one number under two names.
        for edge, name in zip(part.sources, arguments[:count], strict=True):
            sources[edge] = (*sources.get(edge, ()), name)
        names = _Names(
            sources,
            dict(zip(states, arguments[count : count + len(states)], strict=True)),
            dict(zip(labels, formal, strict=True)),
            dict(zip(states, results[:-1], strict=True)),
            results[-1],
        )
        origin = f"the function {function.name} of {FILE}"
        return self._step(part, function.node, names, tensors, origin)

    def written_out(self, node: Neuron) -> LayerStep:
        """Return the step of a layer whose nodes stand in the graph itself."""
        part = self.parts[node.name]
        for nodes in _graphs(self.model.graph):
            for each in nodes:
                for output in each.output:
                    if each.op_type == "Identity" and output.rpartition("/")[2] == node.name:
                        prefix = output.removesuffix(node.name)
                        return self._written_out(part, nodes, prefix)
        raise ArtifactError(f"{node.name}: is not in the graph")

    def _written_out(self, part: ProgramPart, nodes: Sequence[Any], prefix: str) -> LayerStep:
        states = {state: f"{prefix}{part.name}.{state}" for state in part.states}
        tensors = {label: f"{part.name}.{label}" for label in self._labels(part)}
        names = _Names(
            {edge: (f"{prefix}{edge.source}",) for edge in part.sources},
            states,
            tensors,
            {state: f"{name}.next" for state, name in states.items()},
            f"{prefix}{part.name}",
        )
        return self._step(part, nodes, names, tensors, f"the graph of {FILE}")

    def _step(
        self,
        part: ProgramPart,
        nodes: Sequence[Any],
        names: _Names,
        tensors: Mapping[str, str],
        origin: str,
    ) -> LayerStep:
        values = {label: self._numbers(name) for label, name in tensors.items()}
        kinds = {tensor.label: tensor.type for tensor in part.tensors}
        parameters = {label: values[label].astype(np.int64) for label in kinds}

        def compute(circuit: Circuit, leaves: Leaves) -> ComputedStep:
            numbers: dict[str, Number] = {}
            for edge, labels in names.sources.items():
                number = Number(leaves.sources[edge], self.parts[edge.source].type)
                numbers |= dict.fromkeys(labels, number)
            for state, name in names.states.items():
                numbers[name] = Number(leaves.states[state], part.states[state])
            for label, name in names.parameters.items():
                numbers[name] = Number(leaves.parameters[label], kinds[label])
            walk = Walk(circuit, _by_output(nodes), numbers)
            following = {key: walk.value(name).wire for key, name in names.next_states.items()}
            output = walk.value(names.output).wire
            output = output if output.bits else circuit.number(output)
            return ComputedStep(following, output, tuple(walk.conditions))

        return LayerStep(origin, parameters, compute)

    def sums(self) -> dict[str, SumBound]:
        """Return the bounds of all products of bytes, by the numbers in the file."""
        proved = ranges(self.program)
        bounds = {}
        for node in self.program.synapses:
            part = self.parts[node.name]
            values = proved.values[node.source.source].largest()
            source = values if values <= 127 else 128
            dense = len(node.narrow_weight.shape) == 2
            most = 0
            for tensor in part.tensors:
                sizes = np.abs(self._numbers(f"{part.name}.{tensor.label}").astype(np.int64))
                each = sizes.sum(axis=0) if dense else sizes.reshape(len(sizes), -1).sum(axis=1)
                most = max(most, int(each.max(initial=0)))
            bounds[node.name] = SumBound(most * source, (1 << 31) - 1, "int32")
        return bounds

    def _labels(self, part: ProgramPart) -> list[str]:
        return [tensor.label for tensor in part.tensors]

    def _numbers(self, name: str) -> NDArray[Any]:
        for tensor in self.model.graph.initializer:
            if tensor.name == name:
                return numbers_of(tensor)
        raise ArtifactError(f"the tensor {name!s:.80} is not in the file")

    def _call(self, part: ProgramPart) -> Any:
        """Return the first call of a layer's function."""
        for nodes in _graphs(self.model.graph):
            for node in nodes:
                name = node.name.rpartition("/")[2].partition("@")[0]
                if node.domain == DOMAIN and name == part.name:
                    return node
        raise ArtifactError(f"{part.name}: no node of the file computes it")


@dataclass(frozen=True)
class _Names:
    """The names of a step's leaves and results among its nodes."""

    sources: dict[Edge, tuple[str, ...]]
    states: Mapping[str, str]
    parameters: Mapping[str, str]
    next_states: Mapping[str, str]
    output: str


def _by_output(nodes: Sequence[Any]) -> dict[str, Any]:
    return {output: node for node in nodes for output in node.output}


def _graphs(graph: Any) -> Iterator[Sequence[Any]]:
    """Yield the nodes of a graph, and of the bodies of its loops."""
    yield graph.node
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _graphs(attribute.g)
