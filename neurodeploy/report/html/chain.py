"""The links as a picture: stages from left to right, what became of each link between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurodeploy.report.html.axis import label
from neurodeploy.report.html.icons import CLASSES, badge
from neurodeploy.report.html.markup import Markup, element, number
from neurodeploy.report.model import Link
from neurodeploy.report.words import counted, mark_of, shortened, visible

# In pixels: a letter's width, a link's width, a row's height, a stage's height.
_LETTER, _GAP, _ROW, _STAGE = 8.8, 132.0, 84.0, 38.0

Place = tuple[int, int]


@dataclass
class _Chain:
    """Where each stage stands, as (column, row); a stage may have to stand twice."""

    stages: dict[Place, str] = field(default_factory=dict)
    edges: list[tuple[Link, Place, Place]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return 1 + max((row for _, row in self.stages), default=-1)

    def add(self, link: Link) -> None:
        """Continues the chain with a link, from its left stage if that stands already."""
        left, _, right = link.name.partition(" = ")
        places = {name: place for place, name in self.stages.items()}
        start = places.get(left)
        if start is None or right in places:
            start = self._put(left, (0, self.rows))
        end = self._put(right, (start[0] + 1, start[1])) if right else start
        self.edges.append((link, start, end))

    def _put(self, name: str, place: Place) -> Place:
        # Where the row is taken, a new one begins.
        free = place if place not in self.stages else (place[0], self.rows)
        self.stages[free] = name
        return free

    def left(self, place: Place) -> float:
        """Where a stage begins: its column, behind the widest stages of those before."""
        before = range(place[0])
        widest = (max(self.width(p) for p in self.stages if p[0] == column) for column in before)
        return sum(widest) + place[0] * _GAP + 1

    def width(self, place: Place) -> float:
        """How wide a stage is, by its name."""
        return len(shortened(self.stages[place], 24)) * _LETTER + 26

    def right(self, place: Place) -> float:
        """Where a stage ends."""
        return self.left(place) + self.width(place)


def chain_picture(links: tuple[Link, ...]) -> Markup:
    """The chain of links, each with its status in colour, shape and word."""
    chain = _Chain()
    for link in links:
        chain.add(link)
    # Room for a word beside a link that names no two stages.
    width = max(map(chain.right, chain.stages)) + 1 + 120 * any(a == b for _, a, b in chain.edges)
    height = (chain.rows - 1) * _ROW + _STAGE + 32
    said = "; ".join(f"{visible(link.name)}: {mark_of(link)}" for link in links)
    return element(
        "svg",
        *(_edge(chain, *edge) for edge in chain.edges),
        *(_stage(chain, place) for place in chain.stages),
        class_="chain",
        viewBox=f"0 -16 {number(width)} {number(height)}",
        width=number(width),
        height=number(height),
        role="img",
        aria_label=said,
    )


def _stage(chain: _Chain, place: Place) -> Markup:
    left, width, top = chain.left(place), chain.width(place), place[1] * _ROW
    text = label(shortened(chain.stages[place], 24), left + width / 2, top + _STAGE / 2 + 5)
    sides = {"x": left, "y": top, "width": width, "height": _STAGE}
    box = element("rect", **{side: number(value) for side, value in sides.items()}, rx="9")
    return element("g", box, text, class_="stage")


def _edge(chain: _Chain, link: Link, start: Place, end: Place) -> Markup:
    mark, middle = mark_of(link), end[1] * _ROW + _STAGE / 2
    out, into = chain.right(start), chain.left(end)
    if start == end:
        beside = label(mark.value, out + 30, middle + 4, "beside")
        return element("g", badge(mark, out + 16, middle), beside, class_=CLASSES[mark])
    path, x = f"M{number(out)} {number(middle)}H{number(into)}", (out + into) / 2
    if start[1] != end[1]:
        bend, below = chain.left(start) + 30, start[1] * _ROW + _STAGE
        path = f"M{number(bend)} {number(below)}V{number(middle - 10)}q0 10 10 10H{number(into)}"
        x = into - _GAP / 2
    compared = counted(link.compared, "value") if link.compared else ""
    return element(
        "g",
        element("path", d=path, class_="edge"),
        badge(mark, x, middle),
        label(mark.value, x, middle - 16, "word"),
        label(compared, x, middle + 25, "count"),
        class_=CLASSES[mark],
    )
