"""Examples in docstrings run, and the main doors have one."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from docs.tools import python
from tests.packaging.tree import ROOT

SHOWN = {
    origin: f"{door.word or door.module}.{name}"
    for door in reversed(python.DOORS)
    for name, origin in python.names(door, ROOT).items()
}
# Whoever opens the reference looks for these first; nd.verify's example stands with its report, and
# nd.prove needs a solver.
MAIN = {
    *(f"nd.{name}" for name in ("check", "convert", "export", "load", "lower", "read", "save")),
    *(f"nd.{name}" for name in ("simulate", "targets", "Report", "Session")),
    *(f"quant.{name}" for name in ("calibrate", "deviations", "freeze", "prepare")),
    "functional.reset",
    "neuron.define",
}


def examples() -> dict[str, doctest.DocTest]:
    """Return the examples in the docstrings of public names."""
    parser, parsed = doctest.DocTestParser(), {}
    for origin, name in SHOWN.items():
        module, _, attribute = origin.rpartition(".")
        file = python.Door(module, "").file(ROOT)
        if ">>> " in file.read_text("utf-8"):
            words = getattr(import_module(module), attribute).__doc__ or ""
            parsed[name] = parser.get_doctest(words, {}, name, str(file), 0)
    return {name: test for name, test in parsed.items() if test.examples}


EXAMPLES = examples()


def test_the_main_doors_have_an_example() -> None:
    assert set(EXAMPLES) >= MAIN


def test_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
    said: list[str] = []
    for test in EXAMPLES.values():
        names: dict[str, Any] = {}
        exec(compile(python.PRELUDE, "prelude", "exec"), names)
        test.globs = names
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
    assert runner.tries > len(MAIN)
