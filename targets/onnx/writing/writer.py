"""The writer of nodes: every value has its own name, constants and casts occur once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from snncore.dynamics.arithmetic.interval import Interval
from targets.onnx.writing.types import ANY_FLOAT, Type, Value, onnx_module

DOMAIN = "neurodeploy"
OPSET = 21
IR_VERSION = 10


class Names:
    """Unique names: a layer's values have its name, others a number."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def new(self, label: str) -> str:
        """Return the wanted name, or the first similar one that is free."""
        name, count = label, 2
        while name in self.taken:
            name, count = f"{label}_{count}", count + 1
        self.taken.add(name)
        return name


class Writer:
    """The nodes of one graph, of one body of a loop, or of one function."""

    def __init__(self, names: Names | None = None, prefix: str = "") -> None:
        self.onnx = onnx_module()
        self.names = names or Names()
        self.prefix = prefix
        self.nodes: list[Any] = []
        self.constants: dict[tuple[Any, ...], Value] = {}
        self.casts: dict[tuple[str, Type], Value] = {}

    def node(
        self,
        op: str,
        inputs: Sequence[Value | str],
        kind: Type,
        interval: Interval = ANY_FLOAT,
        *,
        name: str = "",
        **attributes: Any,
    ) -> Value:
        """Add a node, and return its one output."""
        output = self.fresh(name or op.lower())
        self.add(op, [_name(each) for each in inputs], [output], **attributes)
        return Value(output, kind, interval)

    def add(
        self,
        op: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        *,
        called: str = "",
        domain: str = "",
        notes: Mapping[str, str] | None = None,
        **attributes: Any,
    ) -> None:
        """Add a node between named values."""
        node = self.onnx.helper.make_node(
            op, inputs, outputs, name=called or outputs[0], domain=domain, **attributes
        )
        annotate(node, notes or {})
        self.nodes.append(node)

    def fresh(self, label: str) -> str:
        """Return a name that no value has."""
        return self.names.new(self.prefix + label)

    def constant(self, value: Any, kind: Type) -> Value:
        """Return a constant tensor, written once for all its readers."""
        array = np.asarray(value, dtype=kind.numpy)
        key = (array.tobytes(), array.shape, kind)
        if key not in self.constants:
            output = self.fresh("constant")
            tensor = tensor_proto(array, kind)
            self.add("Constant", [], [output], value=tensor)
            interval = ANY_FLOAT
            if kind != Type.FLOAT and array.size:
                interval = Interval(int(array.min()), int(array.max()))
            self.constants[key] = Value(output, kind, interval)
        return self.constants[key]

    def cast(self, value: Value, kind: Type) -> Value:
        """Return the value in a type."""
        if value.type == kind:
            return value
        key = (value.name, kind)
        if key not in self.casts:
            self.casts[key] = self.node("Cast", [value], kind, value.interval, to=int(kind))
        return self.casts[key]


def tensor_proto(array: np.ndarray[Any, Any], kind: Type, name: str = "") -> Any:
    """Return a tensor with its numbers as bytes."""
    onnx = onnx_module()
    tensor = onnx.TensorProto()
    tensor.name = name
    tensor.data_type = int(kind)
    tensor.dims.extend(array.shape)
    tensor.raw_data = np.ascontiguousarray(array, dtype=kind.numpy).tobytes()
    return tensor


def annotate(holder: Any, notes: Mapping[str, str]) -> None:
    """Add words to a model, a node or a function, which viewers show."""
    for key, value in notes.items():
        entry = holder.metadata_props.add()
        entry.key, entry.value = key, value


def _name(value: Value | str) -> str:
    return value if isinstance(value, str) else value.name
