"""One step of a group of layers, from which every form of the graph is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from neurodeploy.data.structure import Edge
from targets.onnx.forms.memory import Slot, past
from targets.onnx.writing.functions import FunctionLayer, Functions
from targets.onnx.writing.parts import ProgramPart
from targets.onnx.writing.types import Type, Value
from targets.onnx.writing.writer import Writer

# What a step calls a value, a next state or a slot.
Naming = Callable[[str], str]


@dataclass(frozen=True)
class Tensors:
    """The values of all numbers in the file, by layer and label."""

    values: Mapping[tuple[str, str], Value]

    def of(self, part: ProgramPart) -> list[Value]:
        """Return a part's own."""
        return [self.values[part.name, tensor.label] for tensor in part.tensors]


def call(
    functions: Functions,
    tensors: Tensors,
    writer: Writer,
    part: ProgramPart,
    arguments: Sequence[Value],
    outputs: Sequence[str],
) -> list[Value]:
    """Return a part's next states and value, from its sources and states."""
    assert part.body is not None
    count = len(part.sources)
    sources = ["x"] if count == 1 else [f"x{number}" for number in range(count)]
    labels = [tensor.label for tensor in part.tensors]
    layer = FunctionLayer(
        part.name,
        part.kind,
        part.doc,
        (*sources, *part.states, *labels),
        (*(f"next_{state}" for state in part.states), "y"),
        part.body,
        part.notes,
    )
    return functions.call(writer, layer, [*arguments, *tensors.of(part)], outputs)


@dataclass
class StepGraph:
    """Some parts computed once: values so far, states before, states afterwards."""

    functions: Functions
    tensors: Tensors
    writer: Writer
    slots: Mapping[str, Slot]
    naming: Naming
    values: dict[str, Value]
    before: Mapping[str, Value]
    # What comes from outside the group, by edge.
    outside: Mapping[Edge, Value]

    def run(self, parts: Sequence[ProgramPart]) -> dict[str, Value]:
        """Return the slots after the step."""
        after: dict[str, Value] = {}
        for part in parts:
            if part.body is None:
                continue
            states = [f"{part.name}.{state}" for state in part.states]
            arguments = [self._read(edge) for edge in part.sources]
            arguments += [self.before[state] for state in states]
            outputs = [self.naming(f"{state}.next") for state in states]
            outputs.append(self.naming(part.name))
            *following, value = call(
                self.functions, self.tensors, self.writer, part, arguments, outputs
            )
            after |= zip(states, following, strict=True)
            self.values[part.name] = value
        for slot in self.slots.values():
            if slot.steps:
                after[slot.name] = self._pushed(slot)
        return after

    def _read(self, edge: Edge) -> Value:
        """Return an edge's value in this step."""
        if edge in self.outside:
            return self.outside[edge]
        if not edge.delay:
            return self.values[edge.source]
        slot = self.slots[past(edge.source)]
        line = self.before[slot.name]
        index = self.writer.constant(slot.steps - edge.delay, Type.INT64)
        return self.writer.node("Gather", [line, index], line.type, line.interval, axis=0)

    def _pushed(self, slot: Slot) -> Value:
        """Return the last values of a layer, with the newest at the end and without the oldest."""
        line, writer = self.before[slot.name], self.writer
        first = writer.constant([0], Type.INT64)
        newest = writer.node("Unsqueeze", [self.values[slot.layer], first], slot.type)
        rest = []
        if slot.steps > 1:
            start, end = (writer.constant([n], Type.INT64) for n in (1, slot.steps))
            rest = [writer.node("Slice", [line, start, end, first], slot.type)]
        name = self.naming(f"{slot.name}.next")
        writer.add("Concat", [value.name for value in [*rest, newest]], [name], axis=0)
        return Value(name, slot.type, slot.interval)
