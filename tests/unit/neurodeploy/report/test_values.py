"""Layers whose neurons send values and no spikes: told as values, everywhere."""

import json
from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.report.links import LayerSummary, Status
from neurodeploy.report.report import Report
from neurodeploy.trace import LayerTrace, Trace
from neurodeploy.verification.compare import compare
from tests.unit.neurodeploy.report.conftest import single_report
from tests.unit.neurodeploy.report.test_html import having, tree, words

SENT = np.linspace(-3.25, 3.0, 6 * 2 * 4).reshape(6, 2, 4)
VALUES = LayerTrace({"s": SENT, "v": SENT / 2}, spiking=False)
SPIKES = LayerTrace({"s": (SENT > 0).astype(np.uint8), "v": SENT})


def report(**layers: LayerTrace) -> Report:
    """Return the report of an equal verification of these layers."""
    summaries = tuple(LayerSummary.of(name, "kind", layer) for name, layer in layers.items())
    trace = Trace(layers, list(layers)[-1])
    link = replace(single_report().links[0], compared=48, spikes=trace.spikes())
    return Report("values", (link,), summaries, trace=trace)


def test_a_summary_counts_spikes_or_tells_how_large_values_are() -> None:
    assert LayerSummary.of("a", "LIF", SPIKES) == LayerSummary("a", "LIF", (4,), 4, 23, 23 / 48)
    assert LayerSummary.of("b", "LI", VALUES) == LayerSummary("b", "LI", (4,), 4, 0, 0.0, 3.25)


def test_the_text_has_no_rate_of_values() -> None:
    text = report(hidden=SPIKES, readout=VALUES).to_text()
    _, hidden, readout = (line.split() for line in text.splitlines() if " kind " in line)
    assert hidden == ["hidden", "kind", "4", "4", "23", "0.479"]
    assert readout == ["readout", "kind", "4", "4", "values", "up", "to", "3.25"]
    assert "23 spikes among them." in text


def test_json_has_null_where_nothing_was_counted() -> None:
    hidden, readout = json.loads(report(hidden=SPIKES, readout=VALUES).to_json())["layers"]
    assert (hidden["spikes"], hidden["rate"], hidden["largest"]) == (23, 23 / 48, None)
    assert (readout["spikes"], readout["rate"], readout["largest"]) == (None, None, 3.25)


def test_the_page_has_no_bar_no_raster_and_no_ticks_of_values() -> None:
    spiking, valued = tree(report(layer=SPIKES)), tree(report(layer=VALUES))
    for class_ in ("spikes", "tick-mark", "busy", "bar"):
        assert having(spiking, class_)
        assert not having(valued, class_) or class_ == "tick-mark"
    assert "Upright ticks are spikes" in words(spiking)
    said = words(valued)
    assert "Upright ticks" not in said
    assert "values up to 3.25" in said
    assert "output, v of" in said
    assert all(not mark.get("d") for mark in having(valued, "tick-mark"))


@pytest.mark.parametrize(
    ("layers", "silent"),
    [
        ({"readout": VALUES}, False),
        ({"hidden": replace(SPIKES, values={"s": 0 * SENT}), "readout": VALUES}, False),
        ({"readout": replace(VALUES, values={"s": 0 * SENT})}, True),
        ({"hidden": SPIKES, "readout": replace(VALUES, values={"s": 0 * SENT})}, False),
    ],
)
def test_values_are_no_silence(layers: dict[str, LayerTrace], silent: bool) -> None:
    trace = Trace(layers, list(layers)[-1])
    assert trace.silent == silent
    link = compare("golden = fast", trace, trace, 0.0)
    assert link.status == (Status.SILENT if silent else Status.EQUAL)
