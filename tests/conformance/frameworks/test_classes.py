"""The table of docs/spikingjelly.md names every public class of the installed SpikingJelly."""

from __future__ import annotations

import ast
import importlib
import re
import warnings
from pathlib import Path

import pytest

from neurodeploy.sandbox import install
from targets.nir.simulators.receivers.run import RECEIVERS
from tests.packaging.tree import ROOT

PAGE = (ROOT / "docs/spikingjelly.md").read_text("utf-8")
ROOMS = ("activation_based", "timing_based", "visualizing", "datasets")
ROW = re.compile(r"^\| (.+?) \| (.+?) \| (.+?) \|$")
VERDICT = re.compile(r"has( \(.+\))?|better: .+|not wanted: .+")
# What a cell of ours may name: a room, a dot, and a name that it shows.
OURS = re.compile(r"`([a-z0-9_]+)\.(\w+)`")


@pytest.fixture(scope="module")
def wheel() -> Path:
    """The installed package, which is read and never imported."""
    framework = RECEIVERS["spikingjelly"]
    install(framework)
    (package,) = framework.path.glob("lib/python*/site-packages/spikingjelly")
    return package


def public(path: Path, kind: type[ast.ClassDef] | type[ast.FunctionDef]) -> list[str]:
    """Return the names that a file defines for others."""
    with warnings.catch_warnings():
        # Formulas in their docstrings hold escapes that Python does not know.
        warnings.simplefilter("ignore")
        tree = ast.parse(path.read_text("utf-8"))
    return [each.name for each in tree.body if isinstance(each, kind) and each.name[0] != "_"]


def classes(package: Path) -> dict[str, list[str]]:
    """Return the public classes of every file."""
    named = {}
    for room in ROOMS:
        for path in sorted((package / room).rglob("*.py")):
            if names := public(path, ast.ClassDef):
                named[path.relative_to(package).as_posix()] = sorted(names)
    return named


def rows(page: str) -> list[tuple[str, list[str], str, str]]:
    """Return the rows of the page: file, classes, ours, verdict."""
    parsed, file = [], ""
    for line in page.splitlines():
        if line.startswith("### "):
            file = line.removeprefix("### ")
        elif (cells := ROW.match(line)) and "`" in cells[1]:
            parsed.append((file, re.findall(r"`(\w+)`", cells[1]), cells[2], cells[3]))
        elif cells and ".py" in cells[1]:
            parsed.append((cells[1], re.findall(r"`(\w+)`", cells[2]), "", cells[3]))
    return parsed


def stated(page: str) -> dict[str, list[str]]:
    """Return the classes that the page names, by file."""
    named: dict[str, list[str]] = {}
    for file, names, _, _ in rows(page):
        named[file] = sorted([*named.get(file, []), *names])
    return named


def test_the_page_names_every_class(wheel: Path) -> None:
    theirs = classes(wheel)
    assert len(theirs) > 100
    assert stated(PAGE) == theirs
    counts = re.search(r"(\d+) in all", PAGE)
    assert counts is not None
    assert int(counts[1]) == sum(map(len, theirs.values()))


def test_a_class_left_out_is_seen(wheel: Path) -> None:
    assert stated(PAGE.replace("`LIFNode`", "`LIFnode`")) != classes(wheel)


def test_functions_that_draw_are_named(wheel: Path) -> None:
    drawing = [
        name
        for path in (wheel / "visualizing").glob("*.py")
        for name in public(path, ast.FunctionDef)
    ]
    assert len(drawing) >= 5
    assert [name for name in drawing if f"`{name}`" not in PAGE] == []


def test_every_verdict_is_one_with_its_reason() -> None:
    assert [row for row in rows(PAGE) if not VERDICT.fullmatch(row[3])] == []
    bare = [row for row in rows(PAGE) if row[3].startswith(("has", "better")) and "`" not in row[2]]
    assert bare == []


def test_what_is_named_of_ours_is_there() -> None:
    named = {each for _, _, ours, _ in rows(PAGE) for each in OURS.findall(ours)}
    assert len(named) > 100
    lacking = []
    for room, name in sorted(named):
        module = importlib.import_module(room if room == "quant" else f"snncore.{room}")
        if not hasattr(module, name):
            lacking.append(f"{room}.{name}")
    assert lacking == []
