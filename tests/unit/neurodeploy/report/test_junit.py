"""The JUnit form: well-formed whatever the names, and never green for what did not run."""

from collections.abc import Callable
from xml.etree import ElementTree as ET

from neurodeploy.report.links import Link, Status
from neurodeploy.report.report import Report

Named = Callable[[str], Report]


def suite_of(report: Report) -> ET.Element:
    return ET.fromstring(report.to_junit())


def outcome(case: ET.Element) -> str:
    kinds = [child.tag for child in case if child.tag in {"failure", "error", "skipped"}]
    assert len(kinds) <= 1
    return kinds[0] if kinds else "passed"


def test_counts_are_the_cases(report: Report) -> None:
    suite = suite_of(report)
    outcomes = [outcome(case) for case in suite.iter("testcase")]
    assert outcomes
    assert int(suite.attrib["tests"]) == len(outcomes)
    for kind, counted in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert int(suite.attrib[counted]) == outcomes.count(kind)


def test_green_is_equal_and_nothing_else(report: Report) -> None:
    outcomes = {outcome(case) for case in suite_of(report).iter("testcase")}
    assert (outcomes <= {"passed", "skipped"}) == (report.equal or report.silent)
    assert report.equal or outcomes != {"passed"}


def test_each_status_has_its_outcome(named: Named) -> None:
    cases = {case.attrib["name"]: case for case in suite_of(named("missing")).iter("testcase")}
    assert outcome(cases["training = golden"]) == "skipped"
    assert outcome(cases["golden = fast"]) == "passed"
    assert outcome(cases["artifact = simulator"]) == "error"
    error = cases["artifact = simulator"].find("error")
    assert error is not None
    assert "not installed" in error.attrib["message"]
    assert "Remedy: neurodeploy simulators install lava" in (error.text or "")


def test_nobody_asked_is_an_error() -> None:
    unasked = Link("golden = fast", Status.NOT_RUN, requested=False)
    for report in (Report("nothing", ()), Report("unasked", (unasked,))):
        assert suite_of(report).attrib["errors"] == "1"


def test_a_failure_tells_the_difference(named: Named) -> None:
    report = named("differs")
    divergence = report.first_divergence
    failure = suite_of(report).find("testcase/failure")
    assert divergence is not None
    assert failure is not None
    assert failure.attrib["message"] == divergence.sentence()
    rows = [line.split() for line in (failure.text or "").splitlines()]
    assert ["s", "got", "0", "0", "0", "0", "1*", "0", "0", "0", "0"] in rows


def test_a_hash_that_differs_is_a_failure(named: Named) -> None:
    failure = suite_of(named("whole")).find("testcase/failure")
    assert failure is not None
    assert failure.attrib["message"] == "weights.bin: its hash is another"


def test_names_survive_as_words(named: Named) -> None:
    suite = suite_of(named("hostile"))
    assert suite.attrib["name"] == r'<b>"x"&\x07\x1b[31m</b>'
    assert suite.find("testcase").attrib["name"].endswith(" = golden")


def test_is_deterministic(named: Named) -> None:
    assert named("differs").to_junit() == named("differs").to_junit()
