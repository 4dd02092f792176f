"""The scan form: weights over all steps at once, and a scan for neurons and for loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from neurodeploy.data.structure import Edge
from targets.onnx.forms.forms import TIME, Assembly, Zeros, given_input
from targets.onnx.forms.memory import BATCH, Slot, components, slots_of
from targets.onnx.forms.step import StepGraph, call
from targets.onnx.writing.parts import ProgramPart
from targets.onnx.writing.types import Type, Value
from targets.onnx.writing.writer import Writer


def write_scan(assembly: Assembly) -> None:
    """Write the whole graph: T steps of N samples, from states of zero."""
    _Scan(assembly).run()


class _Scan:
    """Every layer's value over time, (T, N, ...), and as rows, (T * N, ...), where needed."""

    def __init__(self, assembly: Assembly) -> None:
        self.assembly, self.writer = assembly, assembly.writer
        self.parts = {part.name: part for part in assembly.parts}
        value = given_input(assembly, (TIME, BATCH))
        self.sequences: dict[str, Value] = {value.name: value}
        self.rows: dict[str, Value] = {}
        self.late: dict[Edge, Value] = {}
        self.zeros = Zeros(self.writer, value)
        name = self.writer.fresh("steps_and_batch")
        self.writer.add("Shape", [value.name], [name], start=0, end=2)
        self.lead = Value(name, Type.INT64)

    def run(self) -> None:
        """Write every group of layers, then the outputs."""
        for group in components(self.assembly.parts):
            if group[0].body is None:
                continue
            slots = slots_of(group)
            if slots:
                _Body(self, group, slots).write()
            else:
                self._at_once(group[0])
        assembly = self.assembly
        output = self.parts[assembly.output]
        assembly.outputs.append(self._info(self.sequence(output.name), output))
        for part in assembly.parts:
            if not part.watched:
                continue
            assembly.shown[part.name, "s"] = (self._info(self.sequence(part.name), part),)
            if assembly.choices.trace:
                for state in part.states:
                    value = self.sequences[f"{part.name}.{state}"]
                    assembly.shown[part.name, state] = (self._info(value, part),)
        if assembly.choices.trace:
            first = assembly.outputs[0].name
            infos = [info for (info,) in assembly.shown.values()]
            assembly.outputs += [info for info in infos if info.name != first]

    def _info(self, value: Value, part: ProgramPart) -> Any:
        return self.assembly.value_info(value, (TIME, BATCH, *part.shape))

    def _at_once(self, part: ProgramPart) -> None:
        is_complete = all(edge.delay or edge.source in self.sequences for edge in part.sources)
        if part.leading and is_complete:
            arguments = [self.delayed(edge) for edge in part.sources]
            self.sequences[part.name] = self._call(part, arguments, part.name)
        else:
            arguments = [self.row(edge) for edge in part.sources]
            self.rows[part.name] = self._call(
                part, arguments, self.writer.fresh(f"{part.name}/rows")
            )

    def _call(self, part: ProgramPart, arguments: Sequence[Value], output: str) -> Value:
        functions, tensors = self.assembly.functions, self.assembly.tensors
        (value,) = call(functions, tensors, self.writer, part, arguments, [output])
        return value

    def sequence(self, layer: str) -> Value:
        """Return a layer's value over time."""
        if layer not in self.sequences:
            rows, shape = self.rows[layer], self.parts[layer].shape
            own = self.writer.constant(list(shape), Type.INT64)
            full_shape = self.writer.node("Concat", [self.lead, own], Type.INT64, axis=0)
            self.writer.add("Reshape", [rows.name, full_shape.name], [layer])
            self.sequences[layer] = Value(layer, rows.type, rows.interval)
        return self.sequences[layer]

    def row(self, edge: Edge) -> Value:
        """Return an edge's values over all steps, one row per step and sample."""
        if not edge.delay and edge.source in self.rows:
            return self.rows[edge.source]
        value = self.delayed(edge)
        shape = self.writer.constant([-1, *self.parts[edge.source].shape], Type.INT64)
        return self.writer.node("Reshape", [value, shape], value.type, value.interval)

    def delayed(self, edge: Edge) -> Value:
        """Return an edge's values over all steps."""
        value = self.sequence(edge.source)
        if not edge.delay:
            return value
        if edge not in self.late:
            writer, rank = self.writer, 2 + len(self.parts[edge.source].shape)
            pads = writer.constant([edge.delay, *[0] * (2 * rank - 1)], Type.INT64)
            longer = writer.node("Pad", [value, pads], value.type, mode="constant")
            steps = writer.node("Shape", [value], Type.INT64, start=0, end=1)
            first = writer.constant([0], Type.INT64)
            late = writer.node("Slice", [longer, first, steps, first], value.type)
            self.late[edge] = Value(late.name, value.type, self.interval(edge))
        return self.late[edge]

    def interval(self, edge: Edge) -> Any:
        """Return the range of an edge's values."""
        interval = self.parts[edge.source].interval
        return interval.hull(type(interval)(0, 0)) if edge.delay else interval


class _Body:
    """The scan of one group: neurons by themselves, or layers that form a loop."""

    def __init__(self, scan: _Scan, group: Sequence[ProgramPart], slots: dict[str, Slot]) -> None:
        self.scan, self.group, self.slots = scan, group, slots
        self.names = {part.name for part in group}
        self.assembly = scan.assembly
        self.writer = Writer(scan.writer.names)
        self.called = "+".join(part.name for part in group if part.watched) or group[0].name

    def write(self) -> None:
        """Write the node, and the values that leave it."""
        outer, helper = self.scan.writer, self.writer.onnx.helper
        edges = list(dict.fromkeys(e for p in self.group for e in p.sources if not self._own(e)))
        inputs, before, outside = [], {}, {}
        for name, slot in self.slots.items():
            before[name] = Value(self._fresh(name), slot.type, slot.interval)
            inputs.append(self._info(before[name], slot.dimensions))
        for edge in edges:
            source = self.scan.parts[edge.source]
            value = Value(self._fresh(source.name), source.type, self.scan.interval(edge))
            outside[edge] = value
            inputs.append(self._info(value, (BATCH, *source.shape)))
        step = self._step(before, outside)
        after = step.run(self.group)
        outputs = [self._info(after[name], slot.dimensions) for name, slot in self.slots.items()]
        finals = [outer.fresh(f"{name}.last") for name in self.slots]
        leaving = self._leaving(step, after)
        outputs += [self._info(value, (BATCH, *part.shape)) for value, part, _ in leaving]
        initial = [self.scan.zeros.of(slot).name for slot in self.slots.values()]
        initial += [self.scan.delayed(edge).name for edge in edges]
        results = [name if name in self.names else outer.fresh(name) for *_, name in leaving]
        body = helper.make_graph(self.writer.nodes, f"one step of {self.called}", inputs, outputs)
        outer.add(
            "Scan",
            initial,
            [*finals, *results],
            called=f"{self.called}/scan",
            body=body,
            num_scan_inputs=len(edges),
        )
        for (value, _, label), name in zip(leaving, results, strict=True):
            self.scan.sequences[label] = Value(name, value.type, value.interval)

    def _own(self, edge: Edge) -> bool:
        return edge.source in self.names

    def _step(self, before: dict[str, Value], outside: dict[Edge, Value]) -> StepGraph:
        assembly = self.assembly
        tensors, functions = assembly.tensors, assembly.functions
        return StepGraph(
            functions, tensors, self.writer, self.slots, self._fresh, {}, before, outside
        )

    def _leaving(
        self, step: StepGraph, after: dict[str, Value]
    ) -> list[tuple[Value, ProgramPart, str]]:
        """Return what the rest of the graph, or a requested trace, sees of the group."""
        leaving = [(step.values[part.name], part, part.name) for part in self.group]
        if self.assembly.choices.trace:
            for part in self.group:
                for state in part.states:
                    name = f"{part.name}.{state}"
                    copy = self._fresh(f"{name}.seen")
                    self.writer.add("Identity", [after[name].name], [copy])
                    leaving.append((Value(copy, after[name].type), part, name))
        return leaving

    def _fresh(self, label: str) -> str:
        return self.writer.names.new(f"{self.called}/{label}")

    def _info(self, value: Value, dimensions: Sequence[int | str]) -> Any:
        return self.assembly.value_info(value, dimensions)
