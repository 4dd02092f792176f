"""Programs as a person reads them: a line a node, and each kind of neuron spelled out once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from snncore.dynamics import Equations

if TYPE_CHECKING:
    from neurodeploy.program.program import Program


def program_text(program: Program) -> str:
    """Return the whole program; arrays stand as their range and a digest of their values."""
    names = _names(program)
    lines = []
    for node in program.nodes:
        shape = "x".join(map(str, program.shapes[node.name]))
        lines.append(f"{node.name} [{shape}] = {node.expression(names)}")
    lines.append(f"output {program.output}")
    for equations, name in names.items():
        body = "\n".join(f"    {line}" for line in equations.text().splitlines())
        lines.append(f"\nneuron {name}:\n{body}")
    return "\n".join(lines) + "\n"


def _names(program: Program) -> dict[Equations, str]:
    """Return a unique name for the equations of each layer, even if two are called the same."""
    names: dict[Equations, str] = {}
    for layer in program.layers:
        equations = layer.integer_equations
        same = sum(other.name == equations.name for other in names)
        names.setdefault(equations, equations.name + (f" ({same + 1})" if same else ""))
    return names
