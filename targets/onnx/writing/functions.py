"""Layers as functions of the model, or written out in place for runtimes that have none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from targets.onnx.writing.types import Value
from targets.onnx.writing.writer import DOMAIN, OPSET, Writer

# Next states, then the layer's value, of sources, states and tensors in this order.
Body = Callable[[Writer, Sequence[Value]], Sequence[Value]]


@dataclass(frozen=True)
class FunctionLayer:
    """One step of one layer as a function: its name, its arguments, and its body."""

    name: str
    kind: str
    doc: str
    # What the function calls its arguments and results.
    arguments: tuple[str, ...]
    results: tuple[str, ...]
    body: Body
    notes: dict[str, str] = field(default_factory=dict)


class Functions:
    """The functions of a model, with each different body once."""

    def __init__(self, *, inlined: bool) -> None:
        self.inlined = inlined
        self.written: dict[tuple[str, bytes], Any] = {}

    def call(
        self, writer: Writer, layer: FunctionLayer, inputs: Sequence[Value], outputs: Sequence[str]
    ) -> list[Value]:
        """Return the layer's results under these names."""
        if self.inlined:
            return _written_out(writer, layer, inputs, outputs)
        inner = Writer()
        arguments = [
            Value(inner.fresh(each), value.type, value.interval)
            for each, value in zip(layer.arguments, inputs, strict=True)
        ]
        values = layer.body(inner, arguments)
        results = [
            _copied(inner, each, name) for each, name in zip(values, layer.results, strict=True)
        ]
        name = self._name(layer, inner, arguments, results)
        names = [value.name for value in inputs]
        called, notes = outputs[-1], layer.notes
        writer.add(name, names, outputs, called=called, domain=DOMAIN, notes=notes)
        pairs = zip(outputs, results, strict=True)
        return [Value(output, value.type, value.interval) for output, value in pairs]

    def _name(
        self,
        layer: FunctionLayer,
        inner: Writer,
        arguments: Sequence[Value],
        results: Sequence[Value],
    ) -> str:
        helper = inner.onnx.helper
        function = helper.make_function(
            DOMAIN,
            layer.kind,
            [value.name for value in arguments],
            [value.name for value in results],
            inner.nodes,
            [helper.make_opsetid("", OPSET)],
            doc_string=layer.doc,
        )
        key = (layer.kind, function.SerializeToString(deterministic=True))
        if key not in self.written:
            same = sum(kind == layer.kind for kind, _ in self.written)
            function.name = f"{layer.kind}_{same + 1}" if same else layer.kind
            self.written[key] = function
        return str(self.written[key].name)


def _written_out(
    writer: Writer, layer: FunctionLayer, inputs: Sequence[Value], outputs: Sequence[str]
) -> list[Value]:
    before, writer.prefix = writer.prefix, f"{layer.name}/"
    values = layer.body(writer, inputs)
    writer.prefix = before
    results = []
    for value, name in zip(values, outputs, strict=True):
        writer.add("Identity", [value.name], [name], notes=layer.notes)
        results.append(Value(name, value.type, value.interval))
    return results


def _copied(writer: Writer, value: Value, label: str) -> Value:
    """Return the value under a result's name."""
    name = writer.fresh(label)
    writer.add("Identity", [value.name], [name])
    return Value(name, value.type, value.interval)
