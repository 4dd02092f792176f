"""Kinds of nodes are told apart by tables, and not by ladders of isinstance."""

import ast
from collections import defaultdict

import pytest

from neurodeploy import graph, program
from tests.packaging.tree import ROOT, files

KINDS = {kind.__name__ for kind in (*graph.Graph.kinds, *program.Program.kinds)}
KINDS |= {"Synapse", "Selection", "Weights"}
ROOMS = ("neurodeploy.graph", "neurodeploy.program")
# Functions that look at two kinds and are no ladder: a table would not make them plainer.
ALLOWED = {
    "targets/lynxi/reduced/branch.py:_branch": "walks through pools and flattens to weights",
    "targets/onnx/description.py:described": "weights and parameters stand in tensors",
}


def kinds_of(test: ast.expr, names: dict[str, str]) -> frozenset[str]:
    """Return the kinds that the second argument of isinstance names."""
    kinds = set()
    for part in ast.walk(test):
        if isinstance(part, ast.Name) and names.get(part.id) in KINDS:
            kinds.add(names[part.id])
        room = isinstance(part, ast.Attribute) and names.get(ast.unparse(part.value)) == "room"
        if isinstance(part, ast.Attribute) and room and part.attr in KINDS:
            kinds.add(part.attr)
    return frozenset(kinds)


def imported(tree: ast.Module) -> dict[str, str]:
    """Return the kinds that a module imports by the names that it gives them, and their rooms."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                if node.module.startswith(ROOMS):
                    names[alias.asname or alias.name] = alias.name
                elif f"{node.module}.{alias.name}" in ROOMS:
                    names[alias.asname or alias.name] = "room"
    return names


def ladders(source: str) -> list[str]:
    """Return the functions that test one value for two kinds, one after another."""
    tree = ast.parse(source)
    names, functions = imported(tree), []
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        tested: dict[str, set[frozenset[str]]] = defaultdict(set)
        asserted = [n for a in ast.walk(function) if isinstance(a, ast.Assert) for n in ast.walk(a)]
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
                kinds = kinds_of(node.args[1], names)
                if kinds and node not in asserted:
                    tested[ast.unparse(node.args[0])].add(kinds)
            if isinstance(node, ast.Match):
                patterns = [c for c in ast.walk(node) if isinstance(c, ast.MatchClass)]
                cases = {kinds_of(case.cls, names) for case in patterns} - {frozenset()}
                tested[ast.unparse(node.subject)] |= cases
        if any(len(each) > 1 for each in tested.values()):
            functions.append(function.name)
    return functions


def test_no_ladder_over_kinds() -> None:
    functions = {
        f"{path.relative_to(ROOT).as_posix()}:{name}"
        for path in files("neurodeploy", "targets", suffix=".py")
        for name in ladders(path.read_text("utf-8"))
    }
    assert functions == ALLOWED.keys()


IMPORTS = "from neurodeploy import graph as g\nfrom neurodeploy.program import Conv2d, Dense\n"


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ("if isinstance(n, Dense):\n  return 1\n if isinstance(n, Conv2d):\n  return 2", 1),
        ("if isinstance(n, g.Add):\n  return 1\n if isinstance(n, g.Delay):\n  return 2", 1),
        ("match n:\n  case Dense():\n   return 1\n  case Conv2d():\n   return 2", 1),
        ("assert isinstance(n, Dense)\n return isinstance(n, Conv2d)", 0),
        ("return isinstance(n, Dense) or isinstance(m, Conv2d)", 0),
        ("return isinstance(n, Dense) or isinstance(n, str)", 0),
    ],
)
def test_the_count_sees_ladders_alone(body: str, count: int) -> None:
    assert len(ladders(f"{IMPORTS}def f(n, m):\n {body}\n")) == count
