"""The network as a graph: a box for each node, from the input down, and what each one reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurodeploy.report.html.markup import Markup, element, number
from neurodeploy.report.html.pictures.axis import label, picture
from neurodeploy.report.network import NodeSummary
from neurodeploy.report.words import activity_of, counted, shape_text, shortened

if TYPE_CHECKING:
    from neurodeploy.report.report import Report

# In pixels: a box, the way from one to the next, and a lane beside them for longer ways.
_WIDTH, _HEIGHT, _GAP, _LANE = 560.0, 64.0, 20.0, 16.0
_LETTERS = 84
_TIMES = " \N{MULTIPLICATION SIGN} "


@dataclass(frozen=True)
class _Way:
    """An edge between two boxes that are no neighbours, or against the order of computation."""

    start: int
    end: int
    delay: int

    @property
    def span(self) -> tuple[int, int]:
        """The boxes that it passes."""
        return min(self.start, self.end), max(self.start, self.end)


def network_picture(report: Report) -> Markup:
    """Return the network's nodes as boxes with shape, bits, ranges, activity and cores."""
    rows = {node.name: row for row, node in enumerate(report.network)}
    ways = list(_ways(report.network, rows))
    lanes = _lanes(ways)
    width = _WIDTH + _LANE * (max(lanes.values(), default=-1) + 2)
    notes = _notes(report)
    parts = [_arrow(row, 0) for row in _straight(report.network, rows)]
    parts += [_bend(way, lane) for way, lane in lanes.items()]
    parts += [_box(node, row, notes.get(node.name, [])) for row, node in enumerate(report.network)]
    height = len(rows) * (_HEIGHT + _GAP)
    drawn = picture(width, height, _described(report.network), *parts, class_="network")
    said = "A box is a node: its shape, the bits of its weights, its proved ranges for any input."
    return element(
        "figure",
        element(
            "div", drawn, class_="scroll", tabindex="0", role="region", aria_label="Graph of nodes"
        ),
        element("figcaption", said),
    )


def _notes(report: Report) -> Mapping[str, list[str]]:
    """Return by layer its activity, and its cores on each chip."""
    notes: dict[str, list[str]] = {}
    for layer in report.layers:
        rate = activity_of(layer)
        words = f"{rate} spikes a neuron and step" if rate[:1].isdigit() else rate
        notes.setdefault(layer.name, []).append(words if layer.largest is None else f"up to {rate}")
    for placed in report.on_chip.placements:
        for need in placed.layers:
            if need.cores:
                words = f"{counted(need.cores, 'core')} of {placed.chip}"
                notes.setdefault(need.layer, []).append(words)
    return notes


def _ways(nodes: tuple[NodeSummary, ...], rows: Mapping[str, int]) -> Iterator[_Way]:
    for end, node in enumerate(nodes):
        for read in node.reads:
            start = rows[read.source]
            if end - start != 1 or read.delay:
                yield _Way(start, end, read.delay)


def _straight(nodes: tuple[NodeSummary, ...], rows: Mapping[str, int]) -> Iterator[int]:
    for end, node in enumerate(nodes):
        if any(rows[read.source] == end - 1 and not read.delay for read in node.reads):
            yield end - 1


def _lanes(ways: list[_Way]) -> dict[_Way, int]:
    """Return a lane for each way, so that no two of one lane meet; short ways come first."""
    lanes: dict[_Way, int] = {}
    for way in sorted(ways, key=lambda each: each.span[1] - each.span[0]):
        low, high = way.span
        taken = {
            lane for other, lane in lanes.items() if other.span[0] <= high and low <= other.span[1]
        }
        lanes[way] = next(lane for lane in range(len(taken) + 1) if lane not in taken)
    return lanes


def _top(row: int) -> float:
    return row * (_HEIGHT + _GAP) + 1


def _arrow(row: int, x: float) -> Markup:
    below = _top(row) + _HEIGHT
    middle = _WIDTH / 2 + x
    tip = f"M{number(middle - 4)} {number(below + _GAP - 5)}l4 5l4 -5"
    return element("path", d=f"M{number(middle)} {number(below)}v{number(_GAP)}{tip}", class_="way")


def _bend(way: _Way, lane: int) -> Markup:
    x = _WIDTH + _LANE * (lane + 1)
    start, end = _top(way.start) + _HEIGHT * 0.7, _top(way.end) + _HEIGHT * 0.3
    path = f"M{number(_WIDTH)} {number(start)}H{number(x)}V{number(end)}H{number(_WIDTH)}"
    late = f"{way.delay} steps later" if way.delay > 1 else "a step later"
    title = element("title", late) if way.delay else None
    return element(
        "path", title, d=f"{path}l5 -4m-5 4l5 4", class_="way late" if way.delay else "way"
    )


def _box(node: NodeSummary, row: int, notes: list[str]) -> Markup:
    top = _top(row)
    sides = {"x": 1, "y": top, "width": _WIDTH - 2, "height": _HEIGHT}
    written = {name: number(value) for name, value in sides.items()}
    bits = [] if node.bits is None else [f"{node.bits} bits"]
    facts = ", ".join([shape_text(node.shape, _TIMES), *bits, *notes])
    bounds = [f"{name} {low:,} to {high:,}" for name, (low, high) in node.ranges.items()]
    return element(
        "g",
        element("title", f"{node.name}, {node.kind}: {', '.join([facts, *bounds])}"),
        element("rect", **written, rx="8"),
        label(shortened(node.name, 48), 14, top + 19, "name"),
        label(node.kind, _WIDTH - 14, top + 19, "side"),
        label(shortened(facts, _LETTERS), 14, top + 37),
        label(shortened(", ".join(bounds), _LETTERS), 14, top + 54),
        class_="node",
        data_layer=node.name,
    )


def _described(nodes: tuple[NodeSummary, ...]) -> str:
    """Return the graph in words: each node, and what it reads."""
    said = []
    for node in nodes:
        read = " and ".join(each.source for each in node.reads)
        said.append(f"{node.name} ({node.kind}) reads {read}" if read else node.name)
    return f"The network: {'; '.join(said)}"
