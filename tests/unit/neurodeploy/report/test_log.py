"""The output of a failed simulator is in every form of the report."""

import json
from xml.etree import ElementTree as ET

import pytest

from neurodeploy.report.links import Link, Status
from neurodeploy.report.report import Report

LOG = (
    "".join(f"line {number}\n" for number in range(1, 400)) + "\x1b[31mNo space left <on> device\n"
)


@pytest.fixture
def failed() -> Report:
    link = Link("golden = lava", Status.NOT_RUN, reason="Lava ended with code 1", log=LOG)
    return Report("digits on loihi", (link,))


def test_the_text_ends_with_its_last_words(failed: Report) -> None:
    text = failed.to_text()
    assert "     | line 399\n     | " in text
    assert "No space left <on> device" in text
    assert "line 390\n" not in text
    assert "\x1b" not in text


def test_the_document_has_all_of_it(failed: Report) -> None:
    assert json.loads(failed.to_json())["links"][0]["log"] == LOG
    equal = Report("x", (Link("a = b", Status.EQUAL, 1),))
    assert json.loads(equal.to_json())["links"][0]["log"] is None


def test_junit_has_it_in_the_case(failed: Report) -> None:
    case = ET.fromstring(failed.to_junit()).find("testcase/error")
    assert case is not None
    assert "No space left <on> device" in (case.text or "")


def test_the_page_keeps_it_folded(failed: Report) -> None:
    page = failed.to_html()
    assert "<summary>What the simulator printed</summary>" in page
    assert "No space left &lt;on&gt; device" in page
    assert "What the simulator printed" not in Report("x", (Link("a = b", Status.EQUAL),)).to_html()
