"""Planted bugs: one node of a file is changed, and the proof names the layer and both values."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import neurodeploy as nd
from neurodeploy.artifact import Artifact
from neurodeploy.program import Dense, Edge, Input, Neuron, Program
from neurodeploy.sandbox import Environment
from neurodeploy.simulator.golden import neuron_step as neurons
from targets.c.target import target as c_target
from targets.lynxi import target as lynxi
from targets.onnx import target as onnx_target
from targets.rtl import target as rtl_target
from tests.unit.programs import neurons as layer_of
from tests.unit.programs import random_program
from tests.unit.targets.lynxi import programs as on_card

Edit = Callable[[Any], None]


def node(nodes: Any, op: str, position: int = 0) -> Any:
    """Return a node of this type."""
    return [each for each in nodes if each.op_type == op][position]


def constant(nodes: Any, value: int, other: int) -> None:
    """Change the first constant of a value."""
    for each in nodes:
        if each.op_type == "Constant":
            tensor = each.attribute[0].t
            kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
            if tensor.raw_data == np.asarray(value, kind).tobytes():
                tensor.raw_data = np.asarray(other, kind).tobytes()
                return
    raise AssertionError(f"no constant is {value}")


def renamed(op: str, other: str, position: int = 0) -> Edit:
    """Return an edit that changes a node's type."""

    def edit(nodes: Any) -> None:
        node(nodes, op, position).op_type = other

    return edit


def swapped(op: str, position: int = 0, places: tuple[int, int] = (0, 1)) -> Edit:
    """Return an edit that changes the order of two inputs of a node."""
    one, other = places

    def edit(nodes: Any) -> None:
        inputs = node(nodes, op, position).input
        inputs[one], inputs[other] = inputs[other], inputs[one]

    return edit


def passed(op: str, position: int = 0) -> Edit:
    """Return an edit that leaves a node out."""

    def edit(nodes: Any) -> None:
        left_out = node(nodes, op, position)
        left_out.op_type = "Identity"
        del left_out.input[1:]

    return edit


def reading(op: str, position: int, operand: int, name: str) -> Edit:
    """Return an edit that lets a node read another value."""

    def edit(nodes: Any) -> None:
        node(nodes, op, position).input[operand] = name

    return edit


def before(op: str, position: int, *new: tuple[str, int]) -> Edit:
    """Return an edit that computes a node's first input further, with constants of 32 bits."""

    def edit(nodes: Any) -> None:
        changed = node(nodes, op, position)
        value = changed.input[0]
        for number, (kind, operand) in enumerate(new):
            tensor = onnx.numpy_helper.from_array(np.array(operand, np.int32))
            label = f"planted{number}"
            nodes.append(onnx.helper.make_node("Constant", [], [f"{label}.by"], value=tensor))
            inputs = [value, f"{label}.by"]
            nodes.append(onnx.helper.make_node(kind, inputs, [label], name=label))
            value = label
        changed.input[0] = value

    return edit


def wrapping(nodes: Any) -> None:
    """Wrap in 24 bits where a clip stands."""
    half = 1 << 23
    steps = (("Add", half), ("BitwiseAnd", 2 * half - 1), ("Sub", half))
    before("Clip", 0, *steps)(nodes)
    passed("Clip")(nodes)


ONNX: dict[str, Edit] = {
    "fires at the threshold, not above it": renamed("Greater", "GreaterOrEqual", -1),
    "wraps at the wrong end": renamed("LessOrEqual", "Less"),
    "does not wrap": passed("Sub", 2),
    "does not clip": passed("Clip"),
    "wraps where it should clip": wrapping,
    "clips one early": lambda nodes: constant(nodes, -8388607, -8388606),
    "is a bit short": lambda nodes: constant(nodes, -8388607, -4194303),
    "rounds a negative decay down": before("Div", -1, ("BitwiseAnd", -4096)),
    "decays in another unit": lambda nodes: constant(nodes, 4096, 2048),
    "subtracts the other way": swapped("Sub"),
    "resets the others": swapped("Where", -1, (1, 2)),
}


def written(artifact: Artifact, name: str, edit: Edit, folder: Path) -> Path:
    """Write an artifact's folder, and change a file afterwards."""
    artifact.write(folder)
    model = onnx.load_from_string((folder / name).read_bytes())
    nodes = model.functions[-1].node if model.functions else model.graph.node
    before = model.SerializeToString(deterministic=True)
    edit(nodes)
    after = model.SerializeToString(deterministic=True)
    assert after != before
    (folder / name).write_bytes(after)
    return folder


def wide() -> Program:
    """Return neurons whose states may reach the ends of their registers."""
    return random_program(3)


def require_real(program: Program, proof: Any) -> None:
    """Check that the golden interpreter gives what a counterexample expects."""
    example, layer = proof.counterexample, program.by_name[proof.layer]
    assert isinstance(layer, Neuron)
    single = {
        key: value if value.ndim == 0 else np.broadcast_to(value, program.shapes[layer.name])
        for key, value in layer.parameters.items()
    }
    index = example.neuron or (0,) * len(program.shapes[layer.name])
    own = {k: np.asarray(v if np.ndim(v) == 0 else v[index]) for k, v in single.items()}
    states = {key: np.array([value]) for key, value in example.states.items()}
    drive = np.array([sum(example.drives.values())])
    alone = Neuron(layer.name, layer.inputs[:1], layer.equations, layer.system, own, layer.exponent)
    following, fired = neurons(alone, states, {layer.equations.inputs[0]: drive})
    expected = {key: int(value[0]) for key, value in following.items()} | {"s": int(fired[0])}
    assert {key: value for key, (value, _) in example.results.items()} == expected
    assert any(one != other for one, other in example.results.values())


@pytest.mark.every(3)
@pytest.mark.parametrize("name", ONNX)
def test_a_bug_in_a_graph_is_found(name: str, tmp_path: Path, solvers: Environment) -> None:
    program = wide()
    folder = written(onnx_target.compile(program), "network.onnx", ONNX[name], tmp_path / "a")
    proofs = nd.prove(folder)
    assert not proofs.proved
    (proof,) = proofs.values()
    assert proof.status == "counterexample", proof.reason
    assert proof.reason.startswith("layer0: neuron (")
    require_real(program, proof)


LYNXI: dict[str, Edit] = {
    "has another threshold": reading("GreaterOrEqual", -1, 1, "float16_63.5"),
    "leaks away from zero": renamed("Sub", "Add", -2),
    "leaks four times": reading("Mul", -3, 1, "float16_1"),
    "adds the drive's negative": renamed("Add", "Sub", 0),
    "finds the wrong remainder": renamed("GreaterOrEqual", "Greater", 3),
}
# A comparison with half a step decides whole numbers alike, whether it is strict or not.
HARMLESS = ("finds the wrong remainder",)


@pytest.mark.every(3)
@pytest.mark.parametrize("name", LYNXI)
def test_a_bug_in_a_module_is_found(name: str, tmp_path: Path, solvers: Environment) -> None:
    program = on_card.dense(leak=32, threshold=61)
    artifact = lynxi.compile(program)
    folder = written(artifact, "step.onnx", LYNXI[name], tmp_path / "a")
    (proof,) = nd.prove(folder).values()
    if name in HARMLESS:
        assert proof.status == "proved"
        return
    assert proof.status == "counterexample", proof.reason
    require_real(program, proof)


def test_other_parameters_than_the_programs_are_found(tmp_path: Path, solvers: Environment) -> None:
    program = on_card.image()
    folder = tmp_path / "a"
    lynxi.compile(program).write(folder)
    model = onnx.load_from_string((folder / "step.onnx").read_bytes())
    (table,) = [t for t in model.graph.initializer if "threshold" in t.name and t.dims[0:1] == [4]]
    thresholds = np.frombuffer(table.raw_data, np.float16).copy()
    thresholds[2] += 1
    table.raw_data = thresholds.tobytes()
    (folder / "step.onnx").write_bytes(model.SerializeToString())
    proof = nd.prove(folder)["lif.1"]
    assert proof.status == "counterexample"
    # The third channel's neurons alone are wrong.
    assert proof.counterexample.neuron[0] == 2
    assert nd.prove(folder)["lif2"].status == "proved"


C: dict[str, tuple[str, str]] = {
    "fires at the threshold, not above it": (r"= (t\d+) > 0;", r"= \1 >= 0;"),
    "rounds a negative decay down": (
        r"\(int32_t\)\((t8) / INT64_C\(4096\)\)",
        r"(int32_t)(\1 >= INT64_C(0) ? \1 >> 12 : ~(~\1 >> 12))",
    ),
    "wraps where it should clip": (
        r"(t14) < -8388607 .*;",
        r"((\1 + 8388608) & 16777215) - 8388608;",
    ),
    "wraps a bit early": (r"> 8388608 \?", "> 8388607 ?"),
    "is a word short": (
        r"const int64_t (t8) = \(int64_t\)(\w+) \* \(int64_t\)(\w+);",
        r"const int64_t \1 = \2 * \3;",
    ),
}


@pytest.mark.every(3)
@pytest.mark.parametrize("name", C)
def test_a_bug_in_a_text_is_found(name: str, tmp_path: Path, solvers: Environment) -> None:
    program, folder = wide(), tmp_path / "a"
    c_target.compile(program).write(folder)
    text = (folder / "network.c").read_text("ascii")
    edited = re.sub(*C[name], text, count=1)
    assert edited != text
    (folder / "network.c").write_text(edited, "ascii")
    (proof,) = nd.prove(folder).values()
    assert proof.status == "counterexample", proof.reason
    if name == "is a word short":
        assert "stays within int32_t" in proof.reason
    else:
        require_real(program, proof)


RTL: dict[str, tuple[str, str]] = {
    "fires at the threshold, not above it": (
        r"\((t\d+) > 1'sd0\) \? 2'sd1",
        r"(\1 >= 1'sd0) ? 2'sd1",
    ),
    "rounds a negative decay down": (r"(t9_raised) = \((t8) < .*;", r"\1 = \2;"),
    "decays by another number": (r"14'sd4096 - parameter", "14'sd4095 - parameter"),
    "wraps where it should clip": (
        r"wire (signed \[23:0\]) t15 = \((t14) < .*;",
        r"wire \1 t15_low = \2; \n    wire \1 t15 = t15_low;",
    ),
    "wraps a bit early": (r"> 25'sd8388608\)", "> 25'sd8388607)"),
    "is a bit short": (r"signed \[24:0\] (t14) =", r"signed [23:0] \1 ="),
    "keeps a bit too little": (r"nd_ram #\(25, (\d+, \d+)\) q3_0", r"nd_ram #(24, \1) q3_0"),
}


@pytest.mark.every(3)
@pytest.mark.parametrize("name", RTL)
def test_a_bug_in_a_module_of_verilog_is_found(
    name: str, tmp_path: Path, solvers: Environment
) -> None:
    program, folder = wide(), tmp_path / "a"
    rtl_target.compile(program).write(folder)
    text = (folder / "nd_top.v").read_text("ascii")
    edited = re.sub(*RTL[name], text, count=1)
    assert edited != text
    (folder / "nd_top.v").write_text(edited, "ascii")
    (proof,) = nd.prove(folder).values()
    assert proof.status == "counterexample", proof.reason
    if name in ("is a bit short", "keeps a bit too little"):
        assert "holds its value" in proof.reason
    else:
        require_real(program, proof)


# What reads a ring one step too early or too late.
LATE: dict[str, tuple[Any, str, str, str]] = {
    "C": (c_target, "network.c", r"n->r0 \+ 1\)", "n->r0 + 2)"),
    "Verilog": (rtl_target, "nd_top.v", r"s1_turn == 0 \? 1", "s1_turn == 0 ? 2"),
}


@pytest.mark.parametrize("name", LATE)
def test_a_delay_off_by_one_is_found(name: str, tmp_path: Path, solvers: Environment) -> None:
    target, file, pattern, words = LATE[name]
    delays = np.array([[1], [2]])
    dense = Dense("d", Edge("in"), np.array([[120], [90]]), delays=delays)
    program = Program((Input("in", (1,)), dense, layer_of("n", "d")), "n")
    folder = tmp_path / "a"
    target.compile(program).write(folder)
    assert nd.prove(folder).proved
    text = (folder / file).read_text("ascii")
    edited = re.sub(pattern, words, text)
    assert edited != text
    (folder / file).write_text(edited, "ascii")
    proofs = nd.prove(folder)
    assert proofs.refuted
    assert not proofs.proved
    (wrong, *_) = proofs.wrongly_late
    assert "d: expected the value of in" in wrong.sentence()
