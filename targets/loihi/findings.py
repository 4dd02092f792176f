"""Findings in few words, and the places that they name."""

from __future__ import annotations

from neurodeploy.program import Integers
from neurodeploy.target import Finding, Severity


def error(node: str, message: str, remedy: str) -> Finding:
    """Return a finding that stops an export."""
    return Finding(Severity.ERROR, node, message, remedy)


def warning(node: str, message: str, remedy: str) -> Finding:
    """Return a finding that a user should know."""
    return Finding(Severity.WARNING, node, message, remedy)


def place_of(name: str, index: Integers) -> str:
    """Return the name of one value of an array: `fc.weight[2, 7]`."""
    return f"{name}[{', '.join(str(int(i)) for i in index)}]"
