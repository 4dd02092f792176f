"""A run without one spike shows nothing: it has a verdict of its own and is never green."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from neurodeploy.report import Link, Report, Status
from neurodeploy.report.words import Mark, mark_of, verdict
from neurodeploy.trace import LayerTrace, Trace
from neurodeploy.verification.compare import Tolerance, compare, compare_within


def trace(spikes: int = 0, voltage: int = 3) -> Trace:
    fired = np.zeros((4, 2, 3), dtype=np.int64)
    fired.reshape(-1)[:spikes] = 1
    return Trace({"a": LayerTrace({"v": np.full((4, 2, 3), voltage), "s": fired})}, "a")


def report(*links: Link) -> Report:
    return Report("net on chip", links)


SILENT = compare("golden = fast", trace(), trace(), 0.1)
LOUD = compare("golden = fast", trace(2), trace(2), 0.1)
FILES = Link("program = artifact", Status.EQUAL, 12)


def test_equal_values_without_a_spike_are_silent() -> None:
    assert (SILENT.status, LOUD.status) == (Status.SILENT, Status.EQUAL)
    assert SILENT.compared == 48
    assert SILENT.same
    near = compare_within("graph = x", trace(), trace(), 0.1, Tolerance())
    assert near.status == Status.SILENT
    assert compare_within("x", trace(1), trace(1), 0.1, Tolerance()).status == Status.EQUAL


def test_silence_does_not_hide_a_difference() -> None:
    assert compare("x", trace(), trace(voltage=4), 0.1).status == Status.DIFFERS
    far = compare_within("x", trace(), trace(voltage=4), 0.1, Tolerance())
    assert far.status == Status.DIFFERS


def test_only_equal_counts() -> None:
    silent = report(SILENT, FILES)
    assert not silent.equal
    assert silent.silent
    assert silent.exit_code == 0
    assert report(LOUD, FILES).equal
    assert not report(LOUD, FILES).silent


@pytest.mark.parametrize(("status", "code"), [(Status.DIFFERS, 1), (Status.NOT_RUN, 4)])
def test_what_is_worse_than_silence_comes_first(status: Status, code: int) -> None:
    worse = report(SILENT, Link("golden = lava", status, reason="it was so"))
    assert (worse.silent, worse.exit_code) == (False, code)
    assert verdict(worse).mark != Mark.SILENT


def test_no_report_of_a_silent_run_is_green() -> None:
    silent = report(SILENT, FILES)
    assert mark_of(SILENT) == Mark.SILENT
    text = silent.to_text()
    assert text.startswith("Equal, but silent: nothing was shown")
    assert "  o  golden = fast" in text
    document = json.loads(silent.to_json())
    assert (document["equal"], document["silent"]) == (False, True)
    assert document["verdict"] == "equal, but silent"
    assert document["links"][0]["status"] == "silent"
    suite = ET.fromstring(silent.to_junit())
    assert suite.get("skipped") == "1"
    assert suite.find("testcase[@name='golden = fast']/skipped") is not None
    page = silent.to_html()
    row = page[page.index('<th scope="row">golden = fast') :]
    assert "is-equal" not in row[: row.index("</tr>")]
    assert "equal, but silent" in row[: row.index("</tr>")]
