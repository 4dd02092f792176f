"""The three forms of the graph: a scan over time, one step, and every step written out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from neurodeploy.data.container import onnx as container
from neurodeploy.data.container.onnx import Element
from neurodeploy.data.content import Content
from neurodeploy.data.structure import Edge, require
from targets.onnx.forms.memory import BATCH, Slot, slots_of
from targets.onnx.forms.step import StepGraph, Tensors
from targets.onnx.writing.functions import Functions
from targets.onnx.writing.parts import ProgramPart
from targets.onnx.writing.types import Type, Value
from targets.onnx.writing.writer import (
    DOMAIN,
    IR_VERSION,
    OPSET,
    Names,
    Writer,
    tensor_proto,
)

TIME = "T"
_MOST_STEPS = 4096


class GraphForm(StrEnum):
    """The way in which the graph represents time."""

    SCAN = "scan"
    STEP = "step"
    UNROLLED = "unrolled"


@dataclass(frozen=True)
class Choices:
    """The choices that an export leaves to the user."""

    form: GraphForm = GraphForm.SCAN
    # How many steps an unrolled graph has.
    steps: int = 16
    # Whether layers are functions of the model.
    functions: bool = True
    # Whether a scan gives every layer's spikes and states as well.
    trace: bool = False

    def __post_init__(self) -> None:
        fits = 1 <= self.steps <= _MOST_STEPS
        require(fits, f"option steps: {self.steps!s:.20} is not in 1..{_MOST_STEPS}")


@dataclass
class Assembly:
    """A graph under construction, and what it shows of every layer."""

    parts: Sequence[ProgramPart]
    output: str
    choices: Choices
    functions: Functions = field(init=False)
    writer: Writer = field(init=False)
    tensors: Tensors = field(init=False)
    inputs: list[Any] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    # The numbers that the file holds, by name.
    contents: dict[str, Content] = field(default_factory=dict)
    # By layer and state ("s" for what it gives): a value with time, or one a step.
    shown: dict[tuple[str, str], tuple[Any, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.functions = Functions(inlined=not self.choices.functions)
        self.writer = Writer(Names())
        # The names of layers belong to their values, whatever else there is.
        for part in self.parts:
            self.writer.names.taken.add(part.name)
        self.tensors = Tensors(dict(self._tensor(part) for part in self._pairs()))

    def _pairs(self) -> list[tuple[ProgramPart, Any]]:
        return [(part, tensor) for part in self.parts for tensor in part.tensors]

    def _tensor(self, pair: tuple[ProgramPart, Any]) -> tuple[tuple[str, str], Value]:
        part, tensor = pair
        name = self.writer.names.new(f"{part.name}.{tensor.label}")
        self.contents[name] = container.tensor(name, Element(tensor.type), tensor.values)
        return (part.name, tensor.label), Value(name, tensor.type, tensor.interval)

    def value_info(self, value: Value, dimensions: Sequence[int | str]) -> Any:
        """Return a value with its type and shape, as inputs and outputs are declared."""
        make = self.writer.onnx.helper.make_tensor_value_info
        return make(value.name, int(value.type), list(dimensions))

    def model(self) -> Any:
        """Return the whole model without its numbers."""
        helper = self.writer.onnx.helper
        graph = helper.make_graph(self.writer.nodes, "network", self.inputs, self.outputs)
        domains = [helper.make_opsetid("", OPSET)]
        functions = list(self.functions.written.values())
        if functions:
            domains.append(helper.make_opsetid(DOMAIN, 1))
        return helper.make_model(
            graph, functions=functions, opset_imports=domains, ir_version=IR_VERSION
        )


def given_input(assembly: Assembly, lead: tuple[int | str, ...]) -> Value:
    """Return the graph's input, declared with these axes before its own."""
    part = next(part for part in assembly.parts if part.body is None)
    value = Value(part.name, part.type, part.interval)
    assembly.inputs.append(assembly.value_info(value, (*lead, *part.shape)))
    return value


def write_step(assembly: Assembly) -> None:
    """Write one step, with every state as an input and as an output."""
    slots = slots_of(assembly.parts)
    value = given_input(assembly, (BATCH,))
    names = assembly.writer.names
    before = {}
    for name, slot in slots.items():
        before[name] = Value(names.new(name), slot.type, slot.interval)
        assembly.inputs.append(assembly.value_info(before[name], slot.dimensions))
    values, after = advanced(assembly, slots, value, before, "")
    output = values[assembly.output]
    shape = next(part.shape for part in assembly.parts if part.name == assembly.output)
    assembly.outputs.append(assembly.value_info(output, (BATCH, *shape)))
    for name, slot in slots.items():
        assembly.outputs.append(assembly.value_info(after[name], slot.dimensions))
    _show(assembly, [values], [after], lead=(BATCH,))


def write_unrolled(assembly: Assembly) -> None:
    """Write out every step, from states of zero."""
    slots, writer = slots_of(assembly.parts), assembly.writer
    steps = assembly.choices.steps
    sequence = given_input(assembly, (steps, BATCH))
    zeros = Zeros(writer, sequence)
    before = {name: zeros.of(slot) for name, slot in slots.items()}
    all_values, all_states = [], []
    for step in range(steps):
        index = writer.constant(step, Type.INT64)
        name = writer.fresh(f"{sequence.name}@{step}")
        writer.add("Gather", [sequence.name, index.name], [name], axis=0)
        value = Value(name, sequence.type, sequence.interval)
        values, before = advanced(assembly, slots, value, before, f"@{step}")
        all_values.append(values)
        all_states.append(before)
    last = [values[assembly.output] for values in all_values]
    axis = writer.constant([0], Type.INT64)
    rows = [writer.node("Unsqueeze", [value, axis], value.type) for value in last]
    writer.add("Concat", [row.name for row in rows], [assembly.output], axis=0)
    output = Value(assembly.output, last[0].type)
    shape = next(part.shape for part in assembly.parts if part.name == assembly.output)
    assembly.outputs.append(assembly.value_info(output, (steps, BATCH, *shape)))
    _show(assembly, all_values, all_states, lead=(BATCH,))


def advanced(
    assembly: Assembly,
    slots: Mapping[str, Slot],
    value: Value,
    before: Mapping[str, Value],
    suffix: str,
) -> tuple[dict[str, Value], dict[str, Value]]:
    """Return every part's value in one step, and the slots afterwards."""
    names = assembly.writer.names
    parts = {part.name for part in assembly.parts}

    def naming(label: str) -> str:
        # In the step form a layer's value has the layer's own name.
        return label if label in parts and not suffix else names.new(f"{label}{suffix}")

    source = next(part.name for part in assembly.parts if part.body is None)
    nothing: dict[Edge, Value] = {}
    step = StepGraph(
        assembly.functions,
        assembly.tensors,
        assembly.writer,
        slots,
        naming,
        {source: value},
        before,
        nothing,
    )
    after = step.run(assembly.parts)
    return step.values, after


def _show(
    assembly: Assembly,
    values: Sequence[Mapping[str, Value]],
    states: Sequence[Mapping[str, Value]],
    lead: tuple[int | str, ...],
) -> None:
    """Record the values and states of every watched layer, step by step."""
    for part in assembly.parts:
        if not part.watched:
            continue
        shape = (*lead, *part.shape)
        infos = [assembly.value_info(each[part.name], shape) for each in values]
        assembly.shown[part.name, "s"] = tuple(infos)
        for state in part.states:
            name = f"{part.name}.{state}"
            infos = [assembly.value_info(each[name], shape) for each in states]
            assembly.shown[part.name, state] = tuple(infos)


class Zeros:
    """Slots before the first step, as large as the batch."""

    def __init__(self, writer: Writer, sequence: Value) -> None:
        self.writer = writer
        name = writer.fresh("batch")
        writer.add("Shape", [sequence.name], [name], start=1, end=2)
        self.batch = Value(name, Type.INT64)

    def of(self, slot: Slot) -> Value:
        """Return the slot, all zero."""
        writer = self.writer
        axes = [self.batch]
        if slot.steps:
            axes.insert(0, writer.constant([slot.steps], Type.INT64))
        axes.append(writer.constant(list(slot.shape), Type.INT64))
        shape = writer.node("Concat", axes, Type.INT64, axis=0)
        zero = tensor_proto(np.zeros(1, slot.type.numpy), slot.type)
        name = writer.fresh(f"{slot.name}.first")
        writer.add("ConstantOfShape", [shape.name], [name], value=zero)
        return Value(name, slot.type, slot.interval)
