"""The text form: the verdict first, aligned, nothing that a terminal would obey."""

import dataclasses
from collections.abc import Callable

import pytest

from neurodeploy.chips.resources import LayerOperations, OnChip
from neurodeploy.report.links import Divergence, Link, Status
from neurodeploy.report.report import Report
from neurodeploy.report.text import context_table
from neurodeploy.report.words import duration, visible

Named = Callable[[str], Report]


def test_the_verdict_is_the_first_line(named: Named) -> None:
    def first(name: str) -> str:
        return named(name).to_text().splitlines()[0]

    assert first("equal") == "Equal: every bit of 666,450 values in 4 links"
    assert first("differs") == "Differs: artifact = simulator"
    assert first("missing") == "Not proved: artifact = simulator was not run"
    assert first("empty") == "Not proved: no link was asked for"
    assert first("single") == "Equal: every bit of 480 values in 1 link"


def test_is_plain_and_narrow(report: Report) -> None:
    text = report.to_text()
    assert all(c.isprintable() or c == "\n" for c in text)
    assert max(map(len, text.splitlines())) <= 100
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_links_say_what_was_compared(named: Named) -> None:
    lines = named("missing").to_text().splitlines()
    assert "  -  training = golden     not asked for" in lines
    fast = next(line for line in lines if "golden = fast" in line)
    words = " ".join(fast.split())
    assert words == "= golden = fast equal 55,776 values 1,536 spikes 98 ms"
    index = next(i for i, line in enumerate(lines) if line.startswith("  ?"))
    assert "not installed" in lines[index + 1]
    assert lines[index + 2] == "     Remedy: neurodeploy simulators install lava"


def test_a_difference_has_its_table(named: Named) -> None:
    text = named("differs").to_text()
    assert "conv2: spike of neuron (3, 2, 1) at step 7 of sample 2: expected 0, got 1" in text
    assert "The first of 311 differing values." in text
    lines = text.splitlines()
    head = next(line for line in lines if line.startswith("  step"))
    got = next(line for line in lines if line.startswith("  s ") and "got" in line)
    # The star stands in the column of the step that differs.
    assert head.index("]") == got.index("*")


def test_many_wide_steps_keep_the_one_that_differs() -> None:
    steps = tuple(range(100, 140))
    values = tuple(-(10**8) - step for step in steps)
    sides = {"expected": {"v": values}, "got": {"v": (*values[:20], 7, *values[21:])}}
    divergence = Divergence("a", "v", (0,), 120, 0, values[20], 7, sides, steps)
    lines = context_table(divergence)
    assert max(map(len, lines)) <= 96
    assert "[120]" in lines[0]
    assert "7*" in lines[2]


@pytest.mark.parametrize("state", ["v", "a_state_of_a_very_long_name_that_takes_its_room"])
def test_a_table_has_as_many_steps_as_there_is_room_for(state: str) -> None:
    steps = tuple(range(100, 140))
    sides = {side: {state: steps} for side in ("expected", "got")}
    divergence = Divergence("a", state, (0,), 120, 0, 1, 2, sides, steps)
    for width in range(80, 120):
        length = max(map(len, context_table(divergence, width)))
        # One more step takes four signs and a gap of two; the last sign may be a blank.
        assert width - 9 < length <= width


def test_sides_of_unequal_length_leave_gaps() -> None:
    sides = {"expected": {"v": (1, 2)}, "got": {"v": (1,)}}
    lines = context_table(Divergence("a", "v", (0,), 1, 0, 2, 3, sides, (0, 1)))
    assert lines[2].split() == ["v", "got", "1"]


def test_layers_and_accuracies(named: Named) -> None:
    text = named("differs").to_text()
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert "chip 94.18 %" in rows
    assert "conv1 Conv2d + CubaLIF 8 x 12 x 8 768 3,857 0.0785" in rows


def test_silence_is_pointed_out(named: Named) -> None:
    text = named("silent").to_text()
    assert "No neuron fired, so nothing was shown" in text
    assert text.count("silent\n") == 2
    assert "nothing was shown" not in named("equal").to_text()


def test_a_long_name_loses_its_middle(named: Named) -> None:
    report = named("equal")
    layer = dataclasses.replace(report.layers[0], name="a" * 40 + "z" * 40)
    text = dataclasses.replace(report, layers=(layer,)).to_text()
    assert "a" * 14 + "..." + "z" * 14 in text


def test_what_has_no_picture_is_spelled_out() -> None:
    assert visible("a\n\x1b[31m\u202eb\ud800é") == r"a\n\x1b[31m\u202eb\ud800é"


def test_durations() -> None:
    texts = [duration(seconds) for seconds in (0, 0.00042, 0.9999, 7.31, 59.99, 119.6)]
    assert texts == ["", "0.42 ms", "1.0 s", "7.3 s", "1 min 00 s", "2 min 00 s"]
    assert duration(float("nan")) == ""


def test_what_is_no_chip_has_operations() -> None:
    counted = (LayerOperations("conv1", 10.0, 20.0, 3.0),)
    text = Report("x", (), on_chip=OnChip(operations=counted)).to_text()
    assert "\n\nOperations\n  layer" in text
    assert "On the chip" not in text


def test_links_that_nobody_asked_for_are_not_counted_as_lacking() -> None:
    lost = [Link(name, Status.NOT_RUN, reason="it is lost") for name in ("a = b", "a = c")]
    unasked = Link("x = a", Status.NOT_RUN, requested=False)
    ran = Link("a = d", Status.EQUAL, 4, 2, 0.1)
    first = Report("t", (unasked, ran, *lost)).to_text().splitlines()[0]
    assert first == "Not proved: 2 of 3 links were not run"
    first = Report("t", (unasked, ran, lost[0])).to_text().splitlines()[0]
    assert first == "Not proved: a = b was not run"
