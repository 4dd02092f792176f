"""The links as a picture: stages from left to right, what became of each link between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurodeploy.report.html.icons import CLASSES, badge
from neurodeploy.report.html.markup import Markup, element, number
from neurodeploy.report.model import Link
from neurodeploy.report.words import counted, mark_of, visible

# Widths in pixels: of a letter, of a link, of a row.
LETTER, GAP, ROW, HEIGHT = 8.2, 136.0, 84.0, 38.0

Place = tuple[int, int]


@dataclass
class _Chain:
    """Where each stage stands, as (column, row); a stage may have to stand twice."""

    stages: list[tuple[str, Place]] = field(default_factory=list)
    edges: list[tuple[Link, Place, Place]] = field(default_factory=list)

    def place(self, name: str) -> Place | None:
        """Where the stage stood last."""
        return next((where for other, where in reversed(self.stages) if other == name), None)

    def put(self, name: str, column: int, row: int) -> Place:
        """Puts a stage into the row, or, where that is taken, into a new one."""
        taken = any(where == (column, row) for _, where in self.stages)
        place = (column, self.rows if taken else row)
        self.stages.append((name, place))
        return place

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return 1 + max((row for _, (_, row) in self.stages), default=-1)

    def add(self, link: Link) -> None:
        """Continues the chain with a link, from its left stage if that stands already."""
        left, _, right = link.name.partition(" = ")
        start = self.place(left)
        if start is None or self.place(right) is not None:
            start = self.put(left, start[0] if start else 0, self.rows)
        end = self.put(right, start[0] + 1, start[1]) if right else start
        self.edges.append((link, start, end))


def chain_picture(links: tuple[Link, ...]) -> Markup:
    """The chain of links, each with its status in colour, shape and word."""
    chain = _Chain()
    for link in links:
        chain.add(link)
    columns = 1 + max((column for _, (column, _) in chain.stages), default=0)
    widths = [
        max(len(visible(name)) for name, (column, _) in chain.stages if column == wanted) * LETTER
        + 28
        for wanted in range(columns)
    ]
    lefts = [sum(widths[:column]) + column * GAP + 1 for column in range(columns)]
    width, height = lefts[-1] + widths[-1] + 1, (chain.rows - 1) * ROW + HEIGHT + 32
    said = "; ".join(f"{visible(link.name)}: {mark_of(link)}" for link in links)
    return element(
        "svg",
        *(_edge(edge, lefts, widths) for edge in chain.edges),
        *(_stage(name, place, lefts, widths) for name, place in chain.stages),
        class_="chain",
        viewBox=f"0 -16 {number(width)} {number(height)}",
        width=number(width),
        role="img",
        aria_label=said,
    )


def _stage(name: str, place: Place, lefts: list[float], widths: list[float]) -> Markup:
    left, width, top = lefts[place[0]], widths[place[0]], place[1] * ROW
    text = element("text", name, x=number(left + width / 2), y=number(top + HEIGHT / 2 + 5))
    box = element(
        "rect", x=number(left), y=number(top), width=number(width), height=number(HEIGHT), rx="9"
    )
    return element("g", box, text, class_="stage")


def _edge(edge: tuple[Link, Place, Place], lefts: list[float], widths: list[float]) -> Markup:
    link, start, end = edge
    mark = mark_of(link)
    middle = end[1] * ROW + HEIGHT / 2
    if start == end:
        # A link that names no two stages has its status beside its name.
        return badge(mark, lefts[start[0]] + widths[start[0]] + 16, middle)
    out, into = lefts[start[0]] + widths[start[0]], lefts[end[0]]
    path, x = f"M{number(out)} {number(middle)}H{number(into)}", (out + into) / 2
    if start[1] != end[1]:
        bend, below = out - widths[start[0]] / 2, start[1] * ROW + HEIGHT
        path = f"M{number(bend)} {number(below)}V{number(middle - 10)}q0 10 10 10H{number(into)}"
    compared = counted(link.compared, "value") if link.compared else ""
    return element(
        "g",
        element("path", d=path, class_="edge"),
        badge(mark, x, middle),
        element("text", mark.value, x=number(x), y=number(middle - 16), class_="word"),
        element("text", compared, x=number(x), y=number(middle + 25), class_="count"),
        class_=CLASSES[mark],
    )
