"""Programs as a person reads them: a line a node, and each kind of neuron spelled out once."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING

from neurodeploy.data.narrow import pieces
from neurodeploy.data.structure import Edge, Node
from neurodeploy.program.nodes import (
    Conv2d,
    Dense,
    Input,
    Integers,
    MaxPool2d,
    NarrowIntegers,
    Neuron,
)
from snncore.dynamics import Equations

if TYPE_CHECKING:
    from neurodeploy.program.program import Program


def program_text(program: Program) -> str:
    """The whole program; arrays stand as their range and a digest of their values."""
    kinds = _kinds(program)
    lines = []
    for node in program.nodes:
        shape = "x".join(map(str, program.shapes[node.name]))
        lines.append(f"{node.name} [{shape}] = {_right_side(node, kinds)}")
    lines.append(f"output {program.output}")
    for equations, name in kinds.items():
        body = "\n".join(f"    {line}" for line in equations.text().splitlines())
        lines.append(f"\nneuron {name}:\n{body}")
    return "\n".join(lines) + "\n"


def _kinds(program: Program) -> dict[Equations, str]:
    """Every kind of neuron under a name of its own, whatever their equations are called."""
    names: dict[Equations, str] = {}
    for layer in program.layers:
        equations = layer.integer_equations
        same = sum(known.name == equations.name for known in names)
        names.setdefault(equations, equations.name + (f" ({same + 1})" if same else ""))
    return names


def _right_side(node: Node, kinds: Mapping[Equations, str]) -> str:
    if isinstance(node, Input):
        return f"input({node.signal.value})"
    sources = _sum(node.sources)
    if isinstance(node, Dense):
        shift = f" >> {node.shift}" if node.shift else ""
        scale = f"2^{node.exponent}, {node.accumulator_bits} bits"
        late = "" if node.delays is None else f" delays {_array(node.delays)}"
        return f"dense({sources}){shift} weight {_array(node.narrow_weight)}{late} {scale}"
    if isinstance(node, Conv2d):
        form = f"stride {node.stride} padding {node.padding} dilation {node.dilation}"
        scale = f"2^{node.exponent}, {node.accumulator_bits} bits"
        weight = _array(node.narrow_weight)
        return f"conv2d({sources}) {form} groups {node.groups} weight {weight} {scale}"
    if isinstance(node, MaxPool2d):
        form = f"stride {node.stride} padding {node.padding}"
        return f"maxpool2d({sources}) kernel {node.kernel} {form}"
    if isinstance(node, Neuron):
        parameters = ", ".join(f"{key}={_array(value)}" for key, value in node.parameters.items())
        name = kinds[node.integer_equations]
        if node.ports is not None:
            sources = ", ".join(f"{port}={_sum(edges)}" for port, edges in node.drives.items())
        return f"{name}({sources}; {parameters}) 2^{node.exponent}"
    return f"flatten({sources})"


def _sum(edges: tuple[Edge, ...]) -> str:
    return " + ".join(_edge(edge) for edge in edges)


def _edge(edge: Edge) -> str:
    return f"{edge.source}@-{edge.delay}" if edge.delay else edge.source


def _array(values: Integers | NarrowIntegers) -> str:
    if values.size == 1:
        return f"{int(values.reshape(-1)[0])}" if values.ndim == 0 else str(values.tolist())
    shape = "x".join(map(str, values.shape))
    known = sha256()
    for piece in pieces(values):
        known.update(piece.astype("<i8").data)
    return f"int[{shape}] {values.min()}..{values.max()} #{known.hexdigest()[:16]}"
