"""A network on a chip in the report: a headline, a map of cores, operations and an estimate."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

from neurodeploy.chips.resources import (
    Core,
    Energy,
    Latency,
    LayerNeeds,
    LayerOperations,
    OnChip,
    Placement,
    Slice,
    Spread,
    Use,
)
from neurodeploy.report.on_chip import chip_table, core_map, joules
from neurodeploy.report.report import Report
from tests.unit.neurodeploy.report.test_html import having, tree, words

NEEDS = LayerNeeds("a<b>", 12, 3, 30, 8192, "synapses of 8 bits", 0, 0, 2)
OTHER = dataclasses.replace(NEEDS, layer="out", cores=1)
FULL = (Use("neurons", 8, 8), Use("axons in", 5))
CORES = (
    Core((Slice("a<b>", 0, 8),), FULL),
    Core((Slice("a<b>", 8, 12), Slice("out", 0, 4)), (Use("neurons", 4, 8), Use("axons in", 2))),
)
PLACED = Placement("Chip 1", CORES, 40, (NEEDS, OTHER), notes=("a note",))
NO_ROOM = Placement("Chip 0", (), 4, (NEEDS,), (("out", "needs 9 axons, and it has 3"),))
TOLD = OnChip(
    (PLACED, NO_ROOM),
    (LayerOperations("a<b>", 1234.4, 5000.0, 7.25),),
    (Energy("Chip 1", 1500.0, 2.5e6, "a paper", "the rest"),),
    latencies=(Latency("Chip 1", 1234.5, 2500.0, 1, "a table", "the way"),),
)


def with_chip(named: Callable[[str], Report]) -> Report:
    return dataclasses.replace(named("equal"), on_chip=TOLD)


def test_the_map_has_a_letter_a_layer() -> None:
    first, second, key = core_map(PLACED)
    assert first == "a+" + "." * 30
    assert second == "." * 8
    assert key.startswith("a a<b>, b out")


def test_text_tells_headline_operations_and_energy(named: Callable[[str], Report]) -> None:
    text = with_chip(named).to_text()
    assert "Chip 1: 2 of 40 cores, the fullest 100%" in text
    assert "Chip 0: no room: out: needs 9 axons, and it has 3" in text
    assert "1,234" in text
    assert "an estimate for one sample: 1.5 nJ to 2.5 uJ. From a paper." in " ".join(text.split())
    step = "an estimate for one step: 1.23 to 2.5 us, which core 1 needs. From a table."
    assert step in " ".join(text.split())
    assert "On the chip" not in named("equal").to_text()


def test_json_has_every_core(named: Callable[[str], Report]) -> None:
    document = json.loads(with_chip(named).to_json())["on_chip"]
    assert [core["slices"][0]["last"] for core in document["placements"][0]["cores"]] == [8, 12]
    assert document["energies"][0]["low"] == 1500.0


def test_the_page_draws_a_square_a_core(named: Callable[[str], Report]) -> None:
    root = tree(with_chip(named))
    section = next(node for node in root.iter("section") if words(node).startswith("On the chip"))
    assert len([node for node in section.iter("rect") if node.get("class") == "ground"]) == 40
    assert len(having(section, "core")) == 3
    assert "core 1: a<b> 8..11, out 0..3" in words(section)
    assert "Chip 0: no room" in words(section)


def test_energies_have_a_unit_that_suits() -> None:
    assert [joules(x) for x in (3.0, 4e4, 5e7, 6e10, 7e12)] == [
        "3 pJ",
        "40 nJ",
        "50 uJ",
        "60 mJ",
        "7 J",
    ]


ACROSS = Spread("a board", 4, (0, 2), 40, 10, 12.5)
SPREAD = dataclasses.replace(PLACED, spread=ACROSS, core_limit=160)


def test_several_chips_have_a_table_instead_of_a_map(named: Callable[[str], Report]) -> None:
    report = dataclasses.replace(named("equal"), on_chip=OnChip((SPREAD,)))
    text = " ".join(report.to_text().split())
    assert "Chip 1: 2 cores on 2 of the 4 chips of a board, the fullest 100%" in text
    assert "10 of 40 axons between cores lead to another chip (25%)" in text
    assert "12.5 spikes go to another chip for one sample, once a core" in text
    assert [row[:3] for row in chip_table(SPREAD).rows] == [("0", "1", "8"), ("2", "1", "8")]
    page = report.to_html()
    assert "Chips of a board" in page
    assert "10 of 40 axons between cores lead to another chip (25%)." in page
    assert 'class="core ' not in page
    assert json.loads(report.to_json())["on_chip"]["placements"][0]["spread"]["across"] == 10


def test_only_so_many_chips_have_a_row() -> None:
    cores, chips = CORES[:1] * 50, tuple(range(50))
    many = dataclasses.replace(PLACED, cores=cores, spread=Spread("b", 64, chips, 9, 9))
    rows = chip_table(many).rows
    assert len(rows) == 33
    assert rows[-1][-1] == "and 18 chips more"
