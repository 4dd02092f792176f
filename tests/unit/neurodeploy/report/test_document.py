"""The JSON form: stable, free of NaN, and everything but the trace."""

import dataclasses
import json
from collections.abc import Callable

import numpy as np

from neurodeploy.report.document import report_json
from neurodeploy.report.report import Report

Named = Callable[[str], Report]


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def test_is_one_document_without_nan(report: Report) -> None:
    document = json.loads(report_json(report), parse_constant=refuse)
    assert document["schema"] == 1
    assert document["equal"] is report.equal
    assert document["exit_code"] == report.exit_code
    assert [link["name"] for link in document["links"]] == [link.name for link in report.links]
    assert "trace" not in document


def test_keys_are_sorted_and_text_is_ascii(report: Report) -> None:
    text = report.to_json()
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=1) + "\n"
    assert text.isascii()


def test_tells_the_difference_with_its_context(named: Named) -> None:
    report = named("differs")
    divergence = report.first_divergence
    assert divergence is not None
    document = json.loads(report.to_json())["links"][-1]["divergence"]
    assert document["sentence"] == divergence.sentence()
    assert (document["layer"], document["neuron"], document["step"]) == ("conv2", [3, 2, 1], 7)
    assert (document["expected"], document["got"]) == (0, 1)
    assert document["context"]["got"]["v"][4] == document["context"]["expected"]["v"][4] - 37
    assert document["context_steps"] == list(range(3, 12))


def test_a_number_that_is_none_is_null(named: Named) -> None:
    document = json.loads(named("hostile").to_json())
    assert document["layers"][0]["rate"] is None
    assert document["links"][0]["seconds"] is None
    assert list(document["accuracies"].values()) == [None]


def test_takes_numpy_integers(named: Named) -> None:
    report = named("equal")
    layer = dataclasses.replace(report.layers[0], spikes=np.int64(5), rate=np.float32(0.5))
    document = json.loads(dataclasses.replace(report, layers=(layer,)).to_json())
    assert (document["layers"][0]["spikes"], document["layers"][0]["rate"]) == (5, 0.5)


def test_verdict_words(named: Named) -> None:
    words = {name: json.loads(named(name).to_json())["verdict"] for name in ("equal", "differs")}
    assert words == {"equal": "equal", "differs": "differs"}
    assert json.loads(named("missing").to_json())["verdict"] == "not proved"
    assert json.loads(named("empty").to_json())["verdict"] == "not proved"


def test_what_an_interpreter_shows_is_each_link(named: Named) -> None:
    report = named("differs")
    links = ", ".join(f"{link.name}: {link.status}" for link in report.links)
    assert repr(report) == f"Report({links})"
    assert "differs" in repr(report)
