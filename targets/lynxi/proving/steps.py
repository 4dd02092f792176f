"""The steps of a package's layers, by the nodes of its module of one step."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact
from neurodeploy.data.container.onnx import Element
from neurodeploy.data.structure import Edge
from neurodeploy.errors import ArtifactError
from neurodeploy.program import Neuron
from neurodeploy.target.steps import ArtifactSteps, ComputedStep, LayerStep, Leaves, SumBound
from snncore.dynamics.arithmetic.interval import ZERO
from snncore.dynamics.bits.circuit import Circuit
from targets.lynxi.proving.words import Number, Walk, fraction_of
from targets.lynxi.read import plan_in
from targets.lynxi.reduced.certificate import HALF_LIMIT, SINGLE_LIMIT
from targets.lynxi.reduced.plan import NetworkPlan, PlanPart
from targets.lynxi.reduced.ports import labels_of, state_label
from targets.lynxi.vendor.onnx_file import drives_of, onnx_module, step_onnx

FILE = "step.onnx"
_NUMBERS = (Element.FLOAT16, Element.FLOAT)


def steps_in(artifact: Artifact) -> ArtifactSteps:
    """Return the steps that the nodes of the module of one step compute.

    Raises:
        ArtifactError: if a file is damaged, or its nodes do not belong together.
    """
    plan, _ = plan_in(artifact)
    reader = _Reader(plan, _parsed(artifact, plan))
    layers = {part.name: reader.step(part) for part in plan.layers}
    return ArtifactSteps(plan.program, layers, reader.sums(), inputs=plan.input_range)


def _parsed(artifact: Artifact, plan: NetworkPlan) -> Any:
    from google.protobuf.message import DecodeError

    content = artifact.files.get(FILE)
    if content is None:
        raise ArtifactError(f"{artifact.path or 'the package'}: has no {FILE}")
    most = 2 * step_onnx(plan).size + (1 << 16)
    if len(content) > most:
        raise ArtifactError(f"{FILE}: is {len(content):,} bytes, and its network needs fewer")
    model = onnx_module().ModelProto()
    try:
        model.ParseFromString(content)
    except DecodeError as error:
        raise ArtifactError(f"{FILE}: is not an ONNX file, or is damaged") from error
    return model


@dataclass(frozen=True)
class _Reader:
    plan: NetworkPlan
    model: Any

    @cached_property
    def nodes(self) -> dict[str, Any]:
        """The node that computes each value."""
        return {output: node for node in self.model.graph.node for output in node.output}

    @cached_property
    def labels(self) -> dict[str, str]:
        """The name of each part in the file."""
        return labels_of(self.plan)

    @cached_property
    def drives(self) -> dict[str, str]:
        """The value that drives each layer."""
        return drives_of(self.plan)

    @cached_property
    def tensors(self) -> dict[str, tuple[NDArray[Any], Element]]:
        """The floats in the file."""
        return {
            tensor.name: (_floats(tensor), Element(tensor.data_type))
            for tensor in self.model.graph.initializer
            if tensor.data_type in _NUMBERS
        }

    def step(self, part: PlanPart) -> LayerStep:
        """Return the step of one layer."""
        node = part.node
        assert isinstance(node, Neuron)
        terms = self._terms(self.drives[part.name], node.inputs)
        kind = Element.FLOAT if part.single else Element.FLOAT16
        states = {key: state_label(self.labels, part, key) for key in part.states}
        results = {key: f"{name}_next" for key, name in states.items()}
        output = self.labels[part.name]
        leaves = {*terms, *states.values()}
        tables = self._tables([*results.values(), output], leaves)
        fractions = {name: fraction_of(values) for name, values in tables.items()}

        def compute(circuit: Circuit, inputs: Leaves) -> ComputedStep:
            numbers = {name: Number(inputs.sources[edge], kind) for name, edge in terms.items()}
            numbers |= {states[key]: Number(inputs.states[key], kind) for key in states}
            for name in tables:
                stored = self.tensors[name][1]
                numbers[name] = Number(inputs.parameters[name], stored, fractions[name])
            walk = Walk(circuit, self.nodes, numbers, self.tensors)
            following = {key: walk.whole(name) for key, name in results.items()}
            return ComputedStep(following, walk.whole(output), tuple(walk.conditions))

        parameters = {name: _whole(values, fractions[name]) for name, values in tables.items()}
        return LayerStep(f"the nodes of {FILE}", parameters, compute)

    def _terms(self, drive: str, edges: tuple[Edge, ...]) -> dict[str, Edge]:
        """Return the values that a drive adds up, each with the edge that it comes from.

        Raises:
            ArtifactError: if the drive is another sum.
        """
        terms: dict[str, Edge] = {}
        for edge in reversed(edges[1:]):
            node = self.nodes.get(drive)
            if node is None or node.op_type != "Add" or len(node.input) != 2:
                raise ArtifactError(f"{FILE}: {drive} is not the sum of {len(edges)} values")
            drive = node.input[0]
            terms[node.input[1]] = edge
        terms[drive] = edges[0]
        return terms

    def _tables(self, results: list[str], leaves: set[str]) -> dict[str, NDArray[Any]]:
        """Return the tensors of several numbers that a step reads."""
        pending, seen, tables = list(results), set(leaves), {}
        while pending:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in self.tensors and self.tensors[name][0].size > 1:
                tables[name] = self.tensors[name][0]
            elif name in self.nodes:
                pending += self.nodes[name].input
        return tables

    def sums(self) -> dict[str, SumBound]:
        """Return the bounds of all weighted sums, added in any order, by the file's weights."""
        bounds = {}
        for node in self.plan.program.synapses:
            part = self.plan.by_name[node.name]
            name = f"{self.labels[node.name]}_weight"
            if name not in self.tensors:
                raise ArtifactError(f"{FILE}: has no {name}")
            weight = self.tensors[name][0].astype(np.float64)
            values = self.plan.values[node.source.source].hull(ZERO)
            flat = weight.reshape(len(weight), -1)
            above = np.maximum(flat * values.low, flat * values.high).sum(axis=1)
            below = np.minimum(flat * values.low, flat * values.high).sum(axis=1)
            largest = int(max(above.max(initial=0), -below.min(initial=0)))
            limit = SINGLE_LIMIT if part.single else HALF_LIMIT
            bounds[node.name] = SumBound(largest, limit, "float32" if part.single else "float16")
        return bounds


def _floats(tensor: Any) -> NDArray[Any]:
    """Return the numbers of a tensor in the file itself.

    Raises:
        ArtifactError: if they are in another file, or are not as many as its shape says.
    """
    kind = Element(tensor.data_type).numpy
    shape = list(tensor.dims)
    size = int(np.prod(shape, dtype=np.float64)) if shape else 1
    if (
        tensor.external_data
        or min(shape, default=0) < 0
        or len(tensor.raw_data) != (size * kind.itemsize)
    ):
        raise ArtifactError(f"{FILE}: its tensor {tensor.name!s:.80} is damaged")
    numbers = np.frombuffer(tensor.raw_data, kind).reshape(shape)
    if not np.isfinite(numbers).all():
        raise ArtifactError(f"{FILE}: its tensor {tensor.name!s:.80} has a NaN or is infinite")
    return numbers


def _whole(values: NDArray[Any], fraction: int) -> NDArray[np.int64]:
    """Return floats as whole numbers of this fraction."""
    scaled = [int(Fraction(float(v)) * (1 << fraction)) for v in np.asarray(values).reshape(-1)]
    return np.array(scaled, np.int64).reshape(np.shape(values))
