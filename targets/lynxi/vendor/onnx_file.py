"""The reduced modules as ONNX: a graph of float16, a node for every word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.container import onnx as container
from neurodeploy.data.container.onnx import Element
from neurodeploy.data.content import Content
from neurodeploy.data.structure import Shape
from neurodeploy.errors import NeurodeployError
from neurodeploy.program import Conv2d, Dense, MaxPool2d
from targets.lynxi.reduced.branch import branches_of
from targets.lynxi.reduced.certificate import UNIT, terms
from targets.lynxi.reduced.forms import WORST_STEPS, Words, apart, one_step, unrolled
from targets.lynxi.reduced.names import identifiers
from targets.lynxi.reduced.plan import NetworkPlan, PlanPart
from targets.lynxi.reduced.ports import INPUT, labels_of, reduced_forms, state_label
from targets.lynxi.reduced.recipe import Numbers

# Older than what any current tool reads, and new enough for comparisons of float16.
OPSET, IR_VERSION = 17, 8
_ELEMENTS = {"float16": Element.FLOAT16, "float32": Element.FLOAT, "int64": Element.INT64}


def onnx_module() -> Any:
    """Import the library that writes the format.

    Raises:
        NeurodeployError: if it is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise NeurodeployError(
            "the target lynxi needs onnx", remedy="python -m pip install onnx"
        ) from error
    return onnx


def unrolled_onnx(plan: NetworkPlan, steps: int) -> Content:
    """Return all steps for one sample: (T, ...) in, every layer's spikes out."""
    graph = _Graph(plan)
    layers = unrolled(graph, plan, INPUT, steps)
    results = [layer.spikes for layer in layers.values()]
    return graph.model(reduced_forms(plan, steps)["unrolled"], results)


def step_onnx(plan: NetworkPlan) -> Content:
    """Return one step: input and states in, every layer's spikes and states out."""
    graph = _Graph(plan)
    before = {
        part.name: {key: state_label(graph.labels, part, key) for key in part.states}
        for part in plan.layers
    }
    layers = one_step(graph, plan, INPUT, before)
    results = [layer.spikes for layer in layers.values()]
    results += [layers[p.name].states[0][key] for p in plan.layers for key in p.states]
    return graph.model(reduced_forms(plan, 1)["step"], results)


def drives_of(plan: NetworkPlan) -> dict[str, str]:
    """Return the name of each layer's drive among the values of one step."""
    graph = _DriveRecorder(plan)
    before = {
        part.name: {key: state_label(graph.labels, part, key) for key in part.states}
        for part in plan.layers
    }
    one_step(graph, plan, INPUT, before)
    return graph.drives


def apart_onnx(plan: NetworkPlan) -> Content:
    """Return every layer alone: each branch's input in, its sums and the spikes out."""
    graph, form = _Graph(plan), reduced_forms(plan, 1)["apart"]
    names = dict.fromkeys(b.name for part in plan.layers for b in branches_of(plan, part))
    inputs = {name: graph.labels[name] for name in names}
    layers = apart(graph, plan, inputs, WORST_STEPS)
    sums = {name: value for own, _ in layers.values() for name, value in own.items()}
    results = [sums[name] for name in names] + [layer.spikes for _, layer in layers.values()]
    return graph.model(form, results)


class _Arithmetic:
    """A recipe's words as nodes."""

    def __init__(self, graph: _Graph, constants: Mapping[str, str], single: bool) -> None:
        self.graph, self.constants = graph, constants
        self.kind = "float32" if single else "float16"

    def constant(self, name: str, value: Numbers) -> str:
        """Return an initializer; equal numbers share one."""
        return self.constants[name] if name else self.graph.number(float(value), self.kind)

    def add(self, a: str, b: str) -> str:
        """Return the sum."""
        return self.graph.node("Add", a, b)

    def subtract(self, a: str, b: str) -> str:
        """Return the difference."""
        return self.graph.node("Sub", a, b)

    def multiply(self, a: str, b: str) -> str:
        """Return the product."""
        return self.graph.node("Mul", a, b)

    def at_least(self, a: str, b: str) -> str:
        """Return 1 where the first is at least the second, else 0."""
        return self.graph.cast(self.graph.node("GreaterOrEqual", a, b), self.kind)


class _Graph(Words[str]):
    """Words as nodes of one graph."""

    def __init__(self, plan: NetworkPlan) -> None:
        self.onnx = onnx_module()
        self.plan = plan
        self.labels = labels_of(plan)
        self.nodes: list[bytes] = []
        self.attributes: dict[tuple[str, str], bytes] = {}
        # By name the numbers, and the type that they are written in.
        self.tensors: dict[str, tuple[NDArray[Any], str]] = {}
        self.constants: dict[str, dict[str, str]] = {}

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node, and return the name of its only output."""
        name = f"t{len(self.nodes)}"
        self._append(op, inputs, [name], attributes)
        return name

    def number(self, value: float, kind: str) -> str:
        """Add a single number, and return its name."""
        return self._initializer(f"{kind}_{value:g}", np.asarray(value, dtype=kind), kind)

    def cast(self, x: str, kind: str) -> str:
        """Return the same values in another type."""
        return self.node("Cast", x, to=int(_ELEMENTS[kind]))

    def spell(self, part: PlanPart) -> _Arithmetic:
        """Return a recipe's words, and its constants."""
        if part.name not in self.constants:
            self.constants[part.name] = self._constants(part)
        return _Arithmetic(self, self.constants[part.name], part.single)

    def weigh(self, part: PlanPart, x: str) -> str:
        """Return the weighted sums."""
        node = part.node
        assert isinstance(node, Dense | Conv2d)
        name = f"{self.labels[part.name]}_weight"
        weight = self._initializer(name, node.narrow_weight, "float16")
        if part.single:
            weight = self.widen(weight)
        if isinstance(node, Conv2d):
            return self.node(
                "Conv",
                x,
                weight,
                kernel_shape=list(node.narrow_weight.shape[2:]),
                strides=list(node.stride),
                pads=[*node.padding, *node.padding],
                dilations=list(node.dilation),
                group=node.groups,
            )
        total = self.node("Gemm", x, weight, transB=1)
        return total if part.recipe is None else part.recipe.run(self.spell(part), {}, total)[1]

    def pool(self, part: PlanPart, x: str) -> str:
        """Return the largest value of every window."""
        node = part.node
        assert isinstance(node, MaxPool2d)
        pads = [*node.padding, *node.padding]
        form = {"kernel_shape": list(node.kernel), "strides": list(node.stride), "pads": pads}
        return self.node("MaxPool", x, **form)

    def flatten(self, x: str) -> str:
        """Return the value with all axes but the first as one."""
        return self.node("Flatten", x, axis=1)

    def reshape(self, x: str, shape: Shape) -> str:
        """Return the values in C order in another shape."""
        return self.node("Reshape", x, self._places(-1, *shape))

    def permute(self, x: str, order: Sequence[int]) -> str:
        """Return the values with the axes in this order."""
        return self.node("Transpose", x, perm=[0, *(axis + 1 for axis in order)])

    def slice(self, x: str, axis: int, part: slice) -> str:
        """Return a part of an axis."""
        places = (part.start, part.stop, axis + 1, part.step)
        return self.node("Slice", x, *(self._places(number) for number in places))

    def concat(self, values: Sequence[str], axis: int) -> str:
        """Return several values, one after another along an axis."""
        return self.node("Concat", *values, axis=axis + 1)

    def matmul(self, x: str, y: str) -> str:
        """Return the matrix products over the last two axes."""
        return self.node("MatMul", x, y)

    def nothing(self, x: str) -> str:
        """Return zeros in the shape and the type of a value."""
        return self.node("Sub", x, x)

    def widen(self, x: str) -> str:
        """Return the same values in float32."""
        return self.cast(x, "float32")

    def narrow(self, x: str) -> str:
        """Return the same values in float16."""
        return self.cast(x, "float16")

    def split(self, x: str, steps: int) -> Sequence[str]:
        """Return the rows of each step, one sample each."""
        if steps == 1:
            return [x]
        sizes = self._initializer(f"ones_{steps}", np.ones(steps, np.int64), "int64")
        rows = [f"t{len(self.nodes)}_{step}" for step in range(steps)]
        self._append("Split", (x, sizes), rows, {"axis": 0})
        return rows

    def join(self, rows: Sequence[str]) -> str:
        """Return the rows of all steps."""
        return rows[0] if len(rows) == 1 else self.node("Concat", *rows, axis=0)

    def model(self, form: Mapping[str, Any], results: Sequence[str]) -> Content:
        """Return the whole file, with its inputs and outputs named as the form says."""
        helper = self.onnx.helper
        for port, result in zip(form["outputs"], results, strict=True):
            self._append("Identity", (result,), [port["name"]], {})
        ports = {
            key: [
                helper.make_tensor_value_info(p["name"], _ELEMENTS[p["dtype"]], p["shape"])
                for p in form[key]
            ]
            for key in ("inputs", "outputs")
        }
        graph = helper.make_graph([], "reduced", ports["inputs"], ports["outputs"])
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        model.producer_name = "neurodeploy"
        message = model.SerializeToString(deterministic=True)
        tensors = (
            container.tensor(name, _ELEMENTS[kind], values)
            for name, (values, kind) in self.tensors.items()
        )
        return container.with_tensors(message, tensors, self.nodes)

    def _append(
        self, op: str, inputs: Sequence[str], outputs: Sequence[str], attributes: dict[str, Any]
    ) -> None:
        # Sorted, so that the same graph has the same bytes.
        described = [self._attribute(key, value) for key, value in sorted(attributes.items())]
        self.nodes.append(container.node(op, inputs, outputs, described))

    def _attribute(self, key: str, value: Any) -> bytes:
        """Return an attribute of a node as a message; thousands of casts have the same."""
        words = repr(value)
        if (key, words) not in self.attributes:
            attribute = self.onnx.helper.make_attribute(key, value)
            self.attributes[key, words] = attribute.SerializeToString(deterministic=True)
        return self.attributes[key, words]

    def _initializer(self, name: str, values: NDArray[Any], kind: str) -> str:
        self.tensors.setdefault(name, (values, kind))
        return name

    def _places(self, *numbers: int) -> str:
        """Add whole numbers, and return their name."""
        name = "places_" + "_".join(map(str, numbers)).replace("-", "minus")
        return self._initializer(name, np.array(numbers, np.int64), "int64")

    def _constants(self, part: PlanPart) -> dict[str, str]:
        if part.recipe is None:
            return {}
        labels = identifiers(part.recipe.constants)
        return {
            name: self._constant(f"{self.labels[part.name]}_{labels[name]}", part, value)
            for name, value in part.recipe.constants.items()
        }

    def _constant(self, label: str, part: PlanPart, value: Numbers) -> str:
        """Return a constant as it is stored: one float16, or a sum of several."""
        total = ""
        for number, term in enumerate(terms(value)):
            name = self._initializer(f"{label}_{number}", term.numbers, "float16")
            if part.single:
                name = self.widen(name)
            for _ in range(term.power):
                name = self.node("Mul", name, self.number(UNIT, "float32"))
            total = self.node("Add", total, name) if total else name
        return total


class _DriveRecorder(_Graph):
    """A graph that remembers what drives its neurons."""

    def __init__(self, plan: NetworkPlan) -> None:
        super().__init__(plan)
        self.drives: dict[str, str] = {}

    def step(self, part: PlanPart, states: Mapping[str, str], x: str) -> tuple[dict[str, str], str]:
        """Return the states and the spikes after one step of a layer of neurons."""
        self.drives[part.name] = x
        return super().step(part, states, x)
