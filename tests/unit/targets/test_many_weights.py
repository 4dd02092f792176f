"""Targets that write weights as text refuse more of them than a tool reads, at once."""

from __future__ import annotations

import pytest

from neurodeploy.target import Severity, target
from tests.unit.programs import small


@pytest.mark.parametrize("name", ["c", "rtl"])
def test_too_many_weights_are_refused_by_the_largest_layer(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chip, count = target(name), small().parameter_count()
    weights = sum(node.parameter_count for node in small().synapses)
    assert not chip.check(small())
    monkeypatch.setattr(f"targets.{name}.check._MOST_WEIGHTS", weights - 1)
    (finding,) = chip.check(small())
    assert finding.severity == Severity.ERROR
    assert finding.node == "d"
    assert f"has {weights} of {weights} weights" in finding.message
    assert finding.remedy == "make it smaller, or use --target onnx"
    assert count >= weights


def test_too_many_neurons_for_golden_vectors_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    chip = target("lynxi")
    assert not any("golden" in finding.message for finding in chip.check(small()))
    monkeypatch.setattr("targets.lynxi.check._MOST_NEURONS", 2)
    (finding,) = chip.check(small())
    assert (finding.severity, finding.node) == (Severity.ERROR, "n")
    assert finding.message == "has 3 of 3 neurons, whose golden vectors may be of 2"


def test_a_file_of_nir_that_no_reader_takes_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    chip = target("nir")
    assert not any("memory" in finding.message for finding in chip.check(small()))
    needs = 12 * 6 + 40 * 3
    monkeypatch.setattr("targets.nir.check._MOST_BYTES", needs - 1)
    (finding,) = chip.check(small())
    assert (finding.severity, finding.node) == (Severity.ERROR, "n")
    assert f"takes 120 of {needs} bytes" in finding.message
