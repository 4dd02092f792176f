"""Findings in few words, and the places that they name."""

from __future__ import annotations

from dataclasses import replace

from neurodeploy.program import Integers, Program
from neurodeploy.target import Finding, Severity


def error(node: str, message: str, remedy: str) -> Finding:
    """Return a finding that stops an export."""
    return Finding(Severity.ERROR, node, message, remedy)


def warning(node: str, message: str, remedy: str) -> Finding:
    """Return a finding that a user should know."""
    return Finding(Severity.WARNING, node, message, remedy)


def in_network(program: Program, finding: Finding) -> Finding:
    """Return the finding with the network's layers that its layer holds, if it holds several."""
    first = finding.node.split(".")[0]
    parts = next((node.parts for node in program.layers if node.name == first), None)
    if parts is None:
        return finding
    holding = " and ".join(part.name for part in parts) or "relays"
    return replace(finding, message=f"{finding.message}, where {first} holds {holding}")


def place_of(name: str, index: Integers) -> str:
    """Return the name of one value of an array: `fc.weight[2, 7]`."""
    return f"{name}[{', '.join(str(int(i)) for i in index)}]"
