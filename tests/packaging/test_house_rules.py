"""Rules of the house style that a linter does not check."""

import ast
import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import median

import pytest

from tests.packaging.tree import FOLDERS, PACKAGES, ROOT, files

CODE = {path: path.read_text("utf-8") for path in files(*FOLDERS, suffix=".py")}
DOCUMENTS = (*files("docs", suffix=".md"), *ROOT.glob("*.md"), ROOT / "Makefile")
TEXT = CODE | {path: path.read_text("utf-8") for path in DOCUMENTS}
ROOMS = {path.parent for path in files(*PACKAGES, suffix=".py")}
# This file holds what it looks for.
del TEXT[Path(__file__)]

UNFINISHED = re.compile(r"type: ignore|\b(TODO|FIXME|XXX)\b")
# A fact of a chip stands in its own folder.
CHIPS = re.compile(r"loihi|\blava\b|lynxi|ka200", re.IGNORECASE)
OF_NO_CHIP = ("snncore/", "quant/", "neurodeploy/lowering/", "neurodeploy/frontend/")
ONE_MACHINE = re.compile(r"/(root|home|work|Users)/|/tmp/\w|C:\\Users")


@cache
def broken(source: str) -> frozenset[str]:
    """Return what a file's functions and handlers break; its tree, which is large, is not kept."""
    tree, rules = ast.parse(source), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            if (node.end_lineno or 0) - node.body[0].lineno >= 40:
                rules.add("length")
        elif isinstance(node, ast.ExceptHandler) and node.type is None:
            rules.add("except")
    guards = (node for node in tree.body if isinstance(node, ast.Try))
    if any(isinstance(n, ast.Import | ast.ImportFrom) for guard in guards for n in guard.body):
        rules.add("import")
    return frozenset(rules)


def too_long(source: str) -> bool:
    """A file over 400 lines holds two ideas."""
    return source.count("\n") > 400


def long_function(source: str) -> bool:
    """A function whose body is over 40 lines does not fit one look."""
    return "length" in broken(source)


def bare_except(source: str) -> bool:
    """An except without a type also catches Ctrl-C."""
    return "except" in broken(source)


def guarded_import(source: str) -> bool:
    """A package that may be missing is imported where it is used."""
    return "import" in broken(source)


def unfinished(text: str) -> bool:
    """Open work belongs in an issue, and wrong types are fixed."""
    return UNFINISHED.search(text) is not None


def one_machine(text: str) -> bool:
    """A path of somebody's machine does not help the reader."""
    return ONE_MACHINE.search(text) is not None


def of_a_chip(text: str) -> bool:
    """Facts of one chip stand in targets/, and no room before it names a chip."""
    return CHIPS.search(text) is not None


BROKEN = {
    too_long: "x = 1\n" * 401,
    long_function: "def f():\n" + "    x = 1\n" * 41,
    bare_except: "try:\n    f()\nexcept:\n    pass\n",
    guarded_import: "try:\n    import numpy\nexcept ImportError:\n    numpy = None\n",
    unfinished: "x = f()  # type: ignore[arg-type]",
    one_machine: "see /home/someone/notes",
    of_a_chip: "# as Loihi's compartment has it",
}
Rule = Callable[[str], bool]


@pytest.mark.parametrize("rule", BROKEN)
def test_rule_is_kept(rule: Rule) -> None:
    subjects = TEXT if rule in (unfinished, one_machine) else CODE
    names = {path.relative_to(ROOT).as_posix(): text for path, text in subjects.items()}
    rooms = OF_NO_CHIP if rule is of_a_chip else ("",)
    breaking = [name for name, text in names.items() if name.startswith(rooms) and rule(text)]
    assert not breaking, rule.__doc__


@pytest.mark.parametrize("rule", BROKEN)
def test_rule_sees_what_breaks_it(rule: Rule) -> None:
    assert rule(BROKEN[rule])


def test_files_are_short() -> None:
    assert median(source.count("\n") for source in CODE.values()) < 150


def folders(*names: str) -> list[Path]:
    """Return every folder below some of the repository's that holds Python files."""
    return sorted({path.parent for path in files(*names, suffix=".py")})


def test_no_folder_is_crowded() -> None:
    """A dozen files side by side are looked through; more want folders."""
    crowded = {
        folder.relative_to(ROOT).as_posix(): count
        for folder in folders(*PACKAGES, "tests")
        if (count := len(list(folder.glob("*.py" if folder in ROOMS else "test_*.py")))) > 12
    }
    assert crowded == {}


def test_unit_tests_mirror_the_packages() -> None:
    unit = ROOT / "tests/unit"
    mirrored = {folder.relative_to(unit) for folder in folders("tests/unit")} - {Path()}
    assert {room for room in mirrored if ROOT / room not in ROOMS} == set()
    assert {Path(package) for package in PACKAGES} <= {Path(room.parts[0]) for room in mirrored}


@pytest.mark.parametrize("name", ["AdaptiveLIF", "GatedLIF", "IntegerLIF"])
def test_a_neuron_of_the_zoo_stands_in_two_files(name: str) -> None:
    """One defines it, the other shows it: as many as CONTRIBUTING says."""
    word = re.compile(rf"\b{name}\b")
    sources = {p.relative_to(ROOT).as_posix() for p in CODE if p.parent in ROOMS}
    naming = {name for name in sources if word.search(CODE[ROOT / name])}
    assert naming == {"snncore/neuron/zoo.py", "snncore/neuron/__init__.py"}
    for file in naming:
        assert file in TEXT[ROOT / "CONTRIBUTING.md"]


def test_every_room_has_its_layer() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    layers = set(re.findall(r"[\w.]+", " ".join(contracts["contracts"][0]["layers"])))
    rooms = {
        f"{package}.{path.stem}"
        for package in ("neurodeploy", "snncore")
        for path in (ROOT / package).iterdir()
        if path.stem[0] != "_" and (path.suffix == ".py" or any(path.glob("*.py")))
    }
    assert rooms
    assert rooms <= layers


def test_a_command_takes_at_most_five_parameters() -> None:
    counts = {
        f"{path.stem}.{node.name}": len(node.args.args + node.args.kwonlyargs)
        for path in files("neurodeploy/cli/commands", suffix=".py")
        for node in ast.parse(CODE[path]).body
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    }
    assert len(counts) > 10
    assert {name: count for name, count in counts.items() if count > 5} == {}


def test_empty_parameter_list_is_an_error(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.getini("empty_parameter_set_mark") == "fail_at_collect"
