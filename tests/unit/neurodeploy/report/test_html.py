"""The page: well-formed, self-contained, escaped, and it draws what the trace holds."""

import dataclasses
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from neurodeploy.chips.resources import LayerNeeds, OnChip, Placement
from neurodeploy.report.links import Divergence, Link, Status
from neurodeploy.report.network import NodeSummary, Read
from neurodeploy.report.report import Report
from neurodeploy.trace import LayerTrace, Trace

Named = Callable[[str], Report]
LOADS = {"script", "link", "img", "image", "iframe", "object", "embed", "use", "base", "a"}


def tree(report: Report) -> ET.Element:
    page = report.to_html()
    assert page.startswith("<!DOCTYPE html>\n")
    return ET.fromstring(page.split("\n", 1)[1])


def having(root: ET.Element, class_: str) -> list[ET.Element]:
    return [node for node in root.iter() if class_ in node.get("class", "").split()]


def words(node: ET.Element) -> str:
    return " ".join("".join(node.itertext()).split())


class Balanced(HTMLParser):
    """A parser that sees every element closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names))
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {"meta", "input", "br"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_is_well_formed_for_both_parsers(report: Report) -> None:
    parser = Balanced()
    parser.feed(report.to_html())
    assert parser.open == []
    ids = [node.get("id") for node in tree(report).iter() if node.get("id")]
    assert len(ids) == len(set(ids))


def test_loads_nothing(report: Report) -> None:
    root = tree(report)
    (script,) = [node for node in root.iter() if node.tag in LOADS]
    assert (script.tag, script.attrib) == ("script", {})
    attributes = {name for node in root.iter() for name in node.attrib}
    assert not attributes & {"src", "srcset", "href", "action", "background"}
    assert not [name for name in attributes if name.startswith("on")]
    page = report.to_html().replace("http-equiv", "")
    assert not re.search(r"http|url\(|@import|//", page)


def test_its_own_script_alone_may_run(report: Report) -> None:
    page = report.to_html()
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', page)
    assert policy == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )


def test_is_deterministic_and_has_no_nan(named: Named, report: Report) -> None:
    assert report.to_html() == report.to_html()
    assert "nan" not in re.sub(r"<style>.*?</style>", "", report.to_html(), flags=re.S).lower()
    assert named("equal").to_html() == named("equal").to_html()


def test_verdicts(named: Named) -> None:
    def heading(name: str) -> str:
        return words(next(tree(named(name)).iter("h1")))

    assert heading("equal") == "Equal: every bit of 666,450 values in 4 links"
    assert heading("differs") == "Differs: artifact = simulator"
    assert heading("missing") == "Not proved: artifact = simulator was not run"
    assert heading("whole") == "Differs: program = artifact"


def test_every_string_from_outside_stays_text(named: Named) -> None:
    root = tree(named("hostile"))
    assert not list(root.iter("b"))
    shown = r'<b>"x"&\x07\x1b[31m</b>'
    assert words(next(root.iter("h1"))) == f"Differs: {shown} = golden"
    # Title, links, panel, accuracy, layers, pictures and facts each say it.
    assert words(root).count(shown) >= 15
    assert all(c.isprintable() or c == "\n" for c in named("hostile").to_html())


def test_the_chain_tells_each_status_in_words(named: Named) -> None:
    chain = having(tree(named("missing")), "chain")[0]
    assert [words(node) for node in having(chain, "stage")] == [
        "training",
        "golden",
        "fast",
        "artifact",
        "simulator",
    ]
    statuses = [words(node) for node in having(chain, "word")]
    assert statuses == ["not asked for", "equal", "equal", "not run"]
    assert "artifact = simulator: not run" in chain.get("aria-label", "")


def test_a_forked_chain_stands_in_rows() -> None:
    names = ["training = golden", "golden = fast", "program = artifact", "golden = lava"]
    names += ["whole file", "fast = golden"]
    links = tuple(Link(name, Status.EQUAL, 3) for name in names)
    chain = having(tree(Report("forked", links)), "chain")[0]
    boxes = [(words(node), node.find("rect")) for node in having(chain, "stage")]
    places = [(name, box.get("x"), float(box.get("y", ""))) for name, box in boxes]
    assert len({spot[1:] for spot in places}) == len(places)
    rows: dict[float, list[str]] = {}
    for name, _, y in places:
        rows.setdefault(y, []).append(name)
    # As wide as its widest row; what names no two stages has its word beside it.
    ends = [
        float(box.get("x", "")) + float(box.get("width", "")) + 120 * (name == "whole file")
        for name, box in boxes
    ]
    assert float(chain.get("width", "")) == pytest.approx(max(ends) + 1, abs=0.1)
    # A fork stands right below where it begins: its line passes through no other stage.
    assert [rows[y] for y in sorted(rows)] == [
        ["training", "golden", "fast", "golden"],
        ["lava"],
        ["program", "artifact"],
        ["whole file"],
    ]
    assert len(having(chain, "word")) + len(having(chain, "beside")) == len(links)


def test_a_remedy_stands_beside_its_link(named: Named) -> None:
    notes = [words(node) for node in having(tree(named("missing")), "note")]
    assert notes[1].endswith("Remedy: neurodeploy simulators install lava")


def spikes_drawn(figure: ET.Element) -> set[tuple[int, int]]:
    path = having(figure, "spikes")[0].get("d", "")
    return {(int(step), int(row)) for step, row in re.findall(r"M(\d+) (\d+)h", path)}


def test_a_raster_draws_exactly_the_spikes(named: Named) -> None:
    report = named("equal")
    assert report.trace is not None
    readout = having(tree(report), "layer")[-1]
    for sample in range(4):
        slot = having(readout, f"slot-{sample}")[0]
        spikes = report.trace["readout"].s[:, sample]
        assert spikes.any()
        assert spikes_drawn(slot) == {(int(t), int(n)) for t, n in np.argwhere(spikes)}
        assert f"{spikes.sum()} spikes of 10 neurons" in words(slot)


def test_a_large_layer_is_subsampled_and_says_so(named: Named) -> None:
    report = named("equal")
    assert report.trace is not None
    slot = having(having(tree(report), "layer")[0], "slot-1")[0]
    spikes = report.trace["conv1"].s[:, 1].reshape(16, -1)
    rows = [i * 768 // 64 for i in range(64)]
    assert spikes_drawn(slot) == {(int(t), int(n)) for t, n in np.argwhere(spikes[:, rows])}
    assert "Shown: 64 of 768 neurons, evenly spaced." in words(slot)
    assert f"{spikes.sum():,} spikes" in words(slot)


def test_a_graded_spike_is_a_spike() -> None:
    spikes = np.zeros((4, 1, 3), dtype=np.int64)
    spikes[1, 0, 2], spikes[3, 0, 0] = 5, -1
    trace = Trace({"a": LayerTrace({"s": spikes})}, "a")
    assert spikes_drawn(tree(Report("graded", (), trace=trace))) == {(1, 2), (3, 0)}


def test_curves_mark_the_neurons_own_spikes(named: Named) -> None:
    report = named("equal")
    assert report.trace is not None
    slot = having(having(tree(report), "layer")[-1], "slot-0")[0]
    names = [words(node) for node in having(slot, "name")]
    assert len(names) == 3
    for name, ticks in zip(names, having(slot, "tick-mark"), strict=True):
        index = int(re.sub(r"\D", "", name))
        spikes = report.trace["readout"].s[:, 0, index]
        assert ticks.get("d", "").count("M") == spikes.sum() > 0
    states = [report.trace["readout"].values[key] for _ in names for key in ("u", "v")]
    indices = [int(re.sub(r"\D", "", name)) for name in names for _ in range(2)]
    for line, state, index in zip(having(slot, "line"), states, indices, strict=True):
        heights = [float(point.split()[1]) for point in line.get("d", "")[1:].split("L")]
        rises = -np.diff(heights) * np.diff(state[:, 0, index])
        assert len(heights) == 16
        assert (rises >= 0).all()
        assert rises.any()


def test_a_difference_is_a_panel(named: Named) -> None:
    root = tree(named("differs"))
    panel = having(root, "difference")[0]
    assert [words(node) for node in having(panel, "versus")] == ["Expected0Got1"]
    marked = [words(node) for node in panel.iter("mark")]
    assert marked[-1] == "1"
    assert len(marked) == 6
    assert having(panel, "beam")
    assert "311 differing values" in words(panel)


def test_the_panel_draws_what_each_side_recorded() -> None:
    sides = {"expected": {"v": (1, 5, 2, 4)}, "got": {"v": (1, 5), "s": (0, 1)}}
    divergence = Divergence("a", "v", (0,), 3, 0, 5, 6, sides, (2, 3, 4, 5))
    root = tree(Report("t", (Link("a = b", Status.DIFFERS, 4, 1, divergence=divergence),)))
    panel = having(root, "difference")[0]
    points = [line.get("d", "").count("L") + 1 for line in having(panel, "line")]
    # Four steps of the one side, two of the other, and spikes of the other alone.
    assert points == [4, 2, 2]
    (shown,) = having(panel, "around")
    assert "2" in words(shown)


def test_the_difference_is_ringed_where_it_is(named: Named) -> None:
    root = tree(named("differs"))
    rings = {
        (words(layer.find("h3/code")), slot.get("class"))
        for layer in having(root, "layer")
        for slot in having(layer, "slot")
        if having(slot, "ring")
    }
    assert rings == {("conv2", "slot slot-2")}
    checked = [node.get("id") for node in root.iter("input") if node.get("checked")]
    assert checked == ["pick-2"]


def test_a_difference_without_a_neuron_here_is_not_ringed(named: Named) -> None:
    report = named("differs")
    divergence = dataclasses.replace(report.first_divergence, neuron=(99, 0, 0))
    link = dataclasses.replace(report.links[-1], divergence=divergence)
    assert not having(tree(dataclasses.replace(report, links=(link,))), "ring")


def test_one_sample_needs_no_picker(named: Named) -> None:
    assert not having(tree(named("single")), "picker")
    assert len(having(tree(named("equal")), "picker")[0].findall("label")) == 4


def test_a_trace_without_spikes_or_states(named: Named) -> None:
    root = tree(named("silent"))
    assert "no spike of 1,000 neurons" in words(root)
    assert not having(root, "line")
    assert "No neuron fired" in words(having(root, "caution")[0])


def test_what_is_missing_has_no_heading(named: Named) -> None:
    headings = [words(node) for node in tree(named("empty")).iter("h2")]
    assert headings == []
    headings = [words(node) for node in tree(named("single")).iter("h2")]
    assert headings == ["Links", "Layers", "Activity"]


def test_tables_have_their_heads(named: Named) -> None:
    for table in tree(named("differs")).iter("table"):
        assert table.find("caption") is not None
        scopes = {cell.get("scope") for cell in table.iter("th")}
        assert scopes <= {"col", "row"}


def test_every_picture_has_its_words(report: Report) -> None:
    for picture in tree(report).iter("svg"):
        assert picture.get("aria-hidden") == "true" or picture.get("aria-label")


@pytest.mark.parametrize("rate", [0.2, 1.0])
def test_a_thousand_neurons_make_a_small_page(rate: float) -> None:
    random = np.random.default_rng(0)
    layers = {}
    for name in ("a", "b", "c", "d"):
        spikes = (random.random((16, 4, 1000)) < rate).astype(np.int64)
        state = random.integers(-(1 << 23), 1 << 23, spikes.shape)
        layers[name] = LayerTrace({"u": state, "v": state[::-1], "s": spikes})
    report = Report("large", (Link("a = b", Status.EQUAL, 1),), trace=Trace(layers, "d"))
    assert len(report.to_html()) < 1 << 19


def test_a_long_trace_shows_a_window_around_the_difference(named: Named) -> None:
    random = np.random.default_rng(0)
    spikes = (random.random((1000, 6, 500)) < 0.2).astype(np.int64)
    trace = Trace({f"l{i}": LayerTrace({"s": spikes}) for i in range(12)}, "l11")
    report = named("differs")
    divergence = dataclasses.replace(
        report.first_divergence, layer="l3", neuron=(123,), step=900, sample=5
    )
    link = dataclasses.replace(report.links[-1], divergence=divergence)
    page = dataclasses.replace(report, links=(link,), trace=trace)
    root = tree(page)
    assert len(page.to_html()) < 1 << 20
    assert len(having(root, "ring")) == 1
    assert re.search(r"\d of 6 kept samples, steps \d+ to \d+ of 1,000", words(root))


def drawn(report: Report) -> ET.Element:
    """Return the picture of the network."""
    (picture,) = having(tree(report), "network")
    return picture


def test_the_network_is_a_graph_of_its_nodes(named: Named) -> None:
    placed = Placement("a chip", (), 4, (LayerNeeds("conv1", 768, 9, 9, 8, "none", 0, 0, 3),))
    nodes = (
        NodeSummary("in", "input", (2, 14, 10)),
        NodeSummary("w", "conv2d", (8, 12, 8), (Read("in"),), bits=5, ranges={"sum": (-1200, 900)}),
        NodeSummary("conv1", "LIF", (8, 12, 8), (Read("w"), Read("conv1", 1))),
        NodeSummary("skip", "add", (8, 12, 8), (Read("conv1"), Read("w"))),
    )
    report = dataclasses.replace(
        named("equal"), network=nodes, on_chip=OnChip(placements=(placed,))
    )
    picture = drawn(report)
    boxes = having(picture, "node")
    assert [box.get("data-layer") for box in boxes] == ["in", "w", "conv1", "skip"]
    assert "8 \N{MULTIPLICATION SIGN} 12 \N{MULTIPLICATION SIGN} 8, 5 bits" in words(boxes[1])
    assert "sum -1,200 to 900" in words(boxes[1])
    rate = next(layer.rate for layer in report.layers if layer.name == "conv1")
    assert f"{rate:.3f}"[:4] in words(boxes[2])
    assert "spikes a neuron and step, 3 cores of a chip" in words(boxes[2])
    # Straight from box to box; the loop and the branch around a box have lanes beside them.
    ways = [way.get("class") for way in picture.iter() if (way.get("class") or "")[:3] == "way"]
    assert sorted(ways) == ["way", "way", "way", "way", "way late"]
    assert "a step later" in words(picture)
    assert "conv1 (LIF) reads w and conv1" in (picture.get("aria-label") or "")
    assert not having(tree(named("equal")), "network")


def test_long_ways_of_the_network_do_not_meet() -> None:
    reads = [("a",), ("b", "a"), ("c", "a", "b"), ("d", "a")]
    nodes = [NodeSummary("a", "input", (1,))]
    for name, sources in zip("bcde", reads, strict=True):
        nodes.append(NodeSummary(name, "add", (1,), tuple(map(Read, sources))))
    picture = drawn(Report("branches", (), network=tuple(nodes)))
    lanes: dict[str, list[tuple[float, float]]] = {}
    for way in having(picture, "way"):
        bend = re.fullmatch(r"M\S+ (\S+)H(\S+)V(\S+)H\S+l.*", way.get("d") or "")
        if bend is not None:
            lanes.setdefault(bend[2], []).append((float(bend[1]), float(bend[3])))
    assert sum(map(len, lanes.values())) == 4
    assert len(lanes) == 4
