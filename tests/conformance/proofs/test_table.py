"""The table of docs/proofs.md says of each neuron and target what is proved."""

from __future__ import annotations

import re

import pytest

from neurodeploy.sandbox import Environment
from tests.conformance.neuron_rows import NEURONS
from tests.conformance.proofs.table import (
    HEAD,
    PAGE,
    TARGETS,
    outcomes_of,
    replaced,
    weakest,
)

LINES = [
    line.strip("| ").split(" | ")
    for line in PAGE.read_text("utf-8").partition(HEAD)[2].partition("\n\n")[0].splitlines()
]
STATED = {name: dict(zip(TARGETS, cells, strict=True)) for name, *cells in LINES}
# One of each kind of file in `make test`; the others with --full.
FEW = {("`CubaLIF`", "c"), ("`EIF`", "rtl"), ("`IF`, `LIF`, `ParametricLIF`", "lynxi")}
PAIRS = [
    pytest.param(name, target, marks=[] if (name, target) in FEW else [pytest.mark.thorough])
    for name in STATED
    for target in TARGETS
]


def test_a_column_is_replaced_and_no_other() -> None:
    page = PAGE.read_text("utf-8")
    cells = {name: row["rtl"] for name, row in STATED.items()}
    assert replaced(page, "rtl", cells) == page
    changed = replaced(page, "rtl", dict.fromkeys(cells, "new"))
    assert changed.count("| new |") == len(cells)


def test_every_neuron_has_a_row() -> None:
    assert list(STATED) == list(NEURONS)


@pytest.mark.parametrize(("name", "target"), PAIRS)
def test_a_cell_is_true(name: str, target: str, solvers: Environment) -> None:
    stated = re.sub(r",? [\d.]+ s$", "", STATED[name][target])
    seconds = 120.0 if stated.startswith("all") else 10.0
    actual, _ = outcomes_of(NEURONS[name], target, timeout=seconds)
    # A faster machine may prove in time what this one did not.
    proved_since = stated == "not proved" and actual.startswith("all")
    assert actual == stated or proved_since


def test_nothing_is_left_unproved() -> None:
    words = {cell.partition(",")[0] for row in STATED.values() for cell in row.values()}
    assert words == {"all states", "all it can reach", "refused", "counterexample"}
    differing = [(name, t) for name, row in STATED.items() for t in row if "counter" in row[t]]
    assert differing == [("sigma-delta", "loihi")]


def test_the_weakest_of_a_row_is_shown() -> None:
    assert weakest(["refused", "all states"]) == "all states"
    assert weakest(["all states", "all it can reach"]) == "all it can reach"
    assert weakest(["all states", "not proved", "refused"]) == "not proved"
