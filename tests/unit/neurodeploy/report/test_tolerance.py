"""A network in floats: equal within a tolerance, and nowhere called equal on every bit."""

import json
from dataclasses import replace

from neurodeploy.report.links import Link, Status
from neurodeploy.report.report import Report
from neurodeploy.report.words import Mark, mark_of, verdict

NEAR = Link("graph = runtime", Status.EQUAL, 480, 12, tolerance="0.1 a value")
REPORT = Report("floats", (NEAR, Link("graph = artifact", Status.EQUAL, 7)))


def test_the_word_says_so_everywhere() -> None:
    assert mark_of(NEAR) == Mark.WITHIN
    assert verdict(REPORT).word == "Equal within tolerance"
    text = REPORT.to_text()
    assert text.startswith("Equal within tolerance: floats, 487 values in 2 links\n")
    assert "The tolerance is 0.1 a value." in text
    assert "every bit" not in text
    assert "  ~  graph = runtime   equal within tolerance" in text
    assert "equal within tolerance" in REPORT.to_html()
    document = json.loads(REPORT.to_json())
    assert (document["equal"], document["exact"]) == (True, False)
    assert document["verdict"] == "equal within tolerance"
    near, structure = document["links"]
    assert (near["status"], near["tolerance"]) == ("equal within tolerance", "0.1 a value")
    assert (structure["status"], structure["tolerance"]) == ("equal", None)
    assert "<failure" not in REPORT.to_junit()


def test_spikes_that_are_all_equal_are_said_to_be() -> None:
    equal = replace(NEAR, reason="every spike is equal; 3 of 480 values are farther apart")
    other = replace(NEAR, reason="4 of 480 values are farther apart")
    for links, said in (((equal,), True), ((equal, other), False)):
        detail = verdict(replace(REPORT, links=links)).detail
        assert ("Every spike is equal" in detail) == said


def test_beyond_the_tolerance_is_a_difference() -> None:
    far = replace(NEAR, status=Status.DIFFERS, reason="480 of 480 values are farther apart")
    report = replace(REPORT, links=(far,))
    assert report.exit_code == 1
    assert report.to_text().startswith("Differs: graph = runtime\n")
    assert json.loads(report.to_json())["links"][0]["status"] == "differs"
