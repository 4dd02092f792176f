"""Files of a few kilobytes that would cost their reader everything: each made of a good one."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx

from neurodeploy import graph as g
from neurodeploy.data.container.wire import field
from neurodeploy.data.content import of_bytes
from neurodeploy.program import Dense, Edge, Input, Program
from snncore.dynamics.zoo.spiking import Fire, Reset, biased_if
from targets.onnx import target
from targets.onnx.compile import FILE
from tests.unit.hostile_equations import ALL
from tests.unit.neurodeploy.test_hostile_equations import exchanged
from tests.unit.programs import neurons, small
from tests.unit.targets.onnx.programs import model_of

Change = Callable[[onnx.ModelProto], object]
_PROGRAM = "neurodeploy.program"
BIAS = {"bias": np.array(0.0)}


def late() -> Program:
    """Return a program whose weights have delays."""
    weight = np.array([[64, -32], [100, 7], [0, 90]])
    delays = np.array([[0, 1], [2, 0], [1, 1]])
    dense = Dense("d", Edge("in"), weight, delays=delays)
    return Program((Input("in", (2,)), dense, neurons("n", "d", threshold=[9, 10, 11])), "n")


def pooled() -> g.Graph:
    """Return a network in floats with a sum over windows."""
    parameters = {"threshold": np.array(1.0), "rest": np.array(0.0)}
    pool = g.SumPool2d("pool", Edge("in"), (2, 2), (2, 2))
    neurons = g.Neuron("n", Edge("pool"), biased_if(Fire(Reset.HARD)), parameters | BIAS)
    return g.Graph((g.Input("in", (1, 4, 4)), pool, neurons), "n")


def _note(model: onnx.ModelProto, key: str) -> Any:
    return next(entry for entry in model.metadata_props if entry.key == key)


def noted(**values: str) -> Change:
    """Change what the file says of its form."""

    def change(model: onnx.ModelProto) -> None:
        for key, value in values.items():
            _note(model, f"neurodeploy.{key}").value = value

    return change


def described_as(**members: Any) -> Change:
    """Change members of the layers in the description, by the name of each and the member's."""

    def change(model: onnx.ModelProto) -> None:
        note = _note(model, _PROGRAM)
        document = json.loads(note.value)
        for node in document["nodes"]:
            for key, value in members.items():
                layer, _, member = key.partition("__")
                if node["name"] == layer or node["class"] == layer:
                    node[member] = value(node[member]) if callable(value) else value
        note.value = json.dumps(document)

    return change


def shaped(*dims: int, content: bytes | None = None) -> Change:
    """Change the shape of the first tensor, and its bytes."""

    def change(model: onnx.ModelProto) -> None:
        tensor = model.graph.initializer[0]
        del tensor.dims[:]
        tensor.dims.extend(dims)
        if content is not None:
            tensor.raw_data = content

    return change


def _external(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/hostname"


def _pointer_alone(model: onnx.ModelProto) -> None:
    entry = model.graph.initializer[0].external_data.add()
    entry.key, entry.value = "location", "/dev/zero"


def _nested(model: onnx.ModelProto) -> None:
    inner = onnx.GraphProto(name="inner")
    for _ in range(40):
        outer = onnx.GraphProto(name="outer")
        attribute = outer.node.add().attribute.add()
        attribute.type = onnx.AttributeProto.GRAPH
        attribute.g.CopyFrom(inner)
        inner = outer
    model.graph.CopyFrom(inner)


def _functions(model: onnx.ModelProto) -> None:
    for number in range(2000):
        function = model.functions.add()
        function.name, function.domain = f"function of functions {number}", "neurodeploy"
        node = function.node.add()
        node.op_type, node.domain = f"function of functions {number + 1}", "neurodeploy"


def _attribute(model: onnx.ModelProto) -> None:
    attribute = model.graph.node[0].attribute.add()
    attribute.name, attribute.i = "axis", -(1 << 63)
    attribute.type = onnx.AttributeProto.INT


def _equations(name: str) -> Change:
    def change(model: onnx.ModelProto) -> None:
        note = _note(model, _PROGRAM)
        note.value = exchanged(note.value, ALL[name].to_json())

    return change


def _tensor(weight: Any) -> Any:
    return {**weight, "tensors": [[weight["tensors"][0][0]] * 20_000]}


# By name: the network, its form, the change, and words of the one error.
CHANGES: dict[str, tuple[Program | g.Graph, dict[str, Any], Change, str]] = {
    "4096 steps": (small(), {}, noted(form="unrolled", steps="4096"), "holds 4096 steps"),
    "4096 steps without functions": (
        late(),
        {"functions": False},
        noted(form="unrolled", steps="4096"),
        "holds 4096 steps",
    ),
    "steps beyond any": (small(), {}, noted(form="unrolled", steps="9" * 400), "option steps"),
    "a format of other letters": (
        small(),
        {},
        noted(format="\x1b[31m\nerror: fake"),
        r"in format \x1b[31m\nerror: fake",
    ),
    "a form that is none": (small(), {}, noted(form="loop"), "description is damaged"),
    "a shape below zero": (small(), {}, shaped(-1, 6), "is not a shape of 6 bytes"),
    "two lengths below zero": (small(), {}, shaped(-2, -3), "is not a shape of 6 bytes"),
    "66 axes": (small(), {}, shaped(*[1] * 65, 6), "has 66 axes, more than 16"),
    "33 axes": (small(), {}, shaped(*[1] * 32, 6), "has 33 axes, more than 16"),
    "nothing of any size": (small(), {}, shaped(0, 1 << 62, 4, content=b""), "is not a shape of 0"),
    "fewer bytes": (small(), {}, shaped(2, 3, content=b"12345"), "5 bytes are not [2, 3] numbers"),
    "more bytes": (small(), {}, shaped(2, 3, content=b"1234567"), "7 bytes are not [2, 3] numbers"),
    "no bytes": (small(), {}, shaped(1 << 20, 1 << 20, content=b""), "is not a shape of 0 bytes"),
    "numbers elsewhere": (small(), {}, _external, "is in another file, which is never opened"),
    "a pointer elsewhere": (small(), {}, _pointer_alone, "is in another file, which is never"),
    "no parameters": (small(), {}, described_as(n__parameters=[]), "n.parameters: () are none"),
    "null parameters": (
        small(),
        {},
        described_as(n__parameters=None),
        "n.parameters: None are none",
    ),
    "parameters of words": (
        small(),
        {},
        described_as(n__parameters="words"),
        "n.parameters: 'words'",
    ),
    "a power of 1e30": (
        small(),
        {},
        described_as(d__weight=lambda w: w | {"power": 1e30}),
        "1e+30 is no",
    ),
    "an endless power": (
        small(),
        {},
        described_as(d__weight=lambda w: w | {"power": float("inf")}),
        "Infinity is not a number",
    ),
    "a power of many bits": (
        small(),
        {},
        described_as(d__weight=lambda w: w | {"power": 10**30}),
        "is not a power of two",
    ),
    "a power below zero": (
        small(),
        {},
        described_as(d__weight=lambda w: w | {"power": -1}),
        "-1 is not a power of two",
    ),
    "a power of 62": (
        small(),
        {},
        described_as(d__weight=lambda w: w | {"power": 62}),
        "62 is not a power of two",
    ),
    "a tensor again and again": (small(), {}, described_as(d__weight=_tensor), "named twice"),
    "weights of no tensor": (
        small(),
        {},
        described_as(d__weight=lambda w: w | {"tensors": [[]]}),
        "description is damaged",
    ),
    "an input of 33 axes": (small(), {}, described_as(in__shape=[1] * 33), "takes 2 inputs"),
    "an input beyond any": (small(), {}, described_as(in__shape=[1 << 70]), "takes 2 inputs"),
    "an edge beyond any": (
        small(),
        {},
        described_as(d__source={"kind": "Edge", "source": "in", "delay": 10**40}),
        "more than 1048576",
    ),
    "delays beyond any": (
        late(),
        {},
        described_as(
            d__delays={"kind": "array", "shape": [3, 2], "type": "int64", "data": "fw" * 32}
        ),
        "description is damaged",
    ),
    "a window beyond any": (
        pooled(),
        {},
        described_as(in__shape=[1, 1 << 30, 1 << 30], pool__kernel=[1 << 20, 1 << 20]),
        "numbers, more than the file's",
    ),
    "many layers": (
        small(),
        {},
        lambda model: _many_layers(model, 20_000),
        "it has 20003 layers, and the file nodes for",
    ),
    "graphs within graphs": (small(), {}, _nested, "has graphs within graphs, deeper than 32"),
    "functions of functions": (small(), {}, _functions, "does not fit its program"),
    "an attribute below zero": (small(), {}, _attribute, "does not fit its program"),
    "squares": (small(), {}, _equations("squares"), "parameters do not match"),
}


def _many_layers(model: onnx.ModelProto, count: int) -> None:
    note = _note(model, _PROGRAM)
    document = json.loads(note.value)
    source = document["nodes"][0]["name"]
    for number in range(count):
        edge = {"kind": "Edge", "source": source, "delay": 0}
        document["nodes"].insert(1, {"class": "Flatten", "name": f"f{number}", "source": edge})
    note.value = json.dumps(document)


def changed(name: str) -> bytes:
    """Return the file that a change makes of a good one."""
    network, options, change, _ = CHANGES[name]
    if isinstance(network, Program):
        model = model_of(network, **options)
    else:
        content = target.compile_graph(network, **options).files[FILE]
        model = onnx.load_from_string(content)
    change(model)
    return model.SerializeToString()


def _repeated(path: tuple[int, ...], inner: bytes, count: int) -> bytes:
    """Return a good file with so many messages more at a place of it."""
    content = inner * count
    for number in reversed(path):
        content = bytes(field(number, of_bytes(content)))
    return target.compile(small()).files[FILE] + content


# Bytes that are not a file of ours in the first place, and words of the one error.
BYTES: dict[str, tuple[bytes, str]] = {
    "empty nodes": (_repeated((7,), b"\x0a\x00", 3_000_000), "more nodes and tensors than"),
    "empty functions": (_repeated((), b"\xca\x01\x00", 2_000_000), "more nodes and tensors than"),
    "empty attributes": (_repeated((7, 1), b"\x2a\x00", 3_000_000), "more nodes and tensors than"),
    "empty tensors": (_repeated((7,), b"\x2a\x00", 3_000_000), "more nodes and tensors than"),
    "an endless number": (b"\x80" * 5_000_000, "is not an ONNX file"),
    "a length beyond the end": (b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "is not an ONNX file"),
    "a tag of no kind": (b"\x0f" * 1000, "is not an ONNX file"),
    "groups": (b"\x0b" * 100_000, "is not an ONNX file"),
    "nothing": (b"", "is not an ONNX file"),
}


def _not_text(path: tuple[int, ...]) -> bytes:
    content = b"\xff\xfe"
    for number in reversed(path):
        content = bytes(field(number, of_bytes(content)))
    return target.compile(small()).files[FILE] + content


# The producer's version, and a note's key and value.
for _name, _path in {"producer": (3,), "key": (14, 1), "value": (14, 2)}.items():
    BYTES[f"no text as the {_name}"] = (_not_text(_path), "is not an ONNX file")
