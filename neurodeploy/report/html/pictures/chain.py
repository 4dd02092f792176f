"""The links as a picture: stages from left to right, with the status of each link between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurodeploy.report.html.icons import CLASSES, badge
from neurodeploy.report.html.markup import Markup, element, number
from neurodeploy.report.html.pictures.axis import label
from neurodeploy.report.links import Link
from neurodeploy.report.words import counted, mark_of, shortened, visible

# In pixels: the width of a letter, the width of a link, the height of a row and of a stage.
_LETTER, _GAP, _ROW, _STAGE = 8.8, 132.0, 84.0, 38.0


@dataclass
class _Stage:
    """A stage, the link that leads to it, and the stages that follow it."""

    name: str
    link: Link | None = None
    following: list[_Stage] = field(default_factory=list)
    column: int = 0
    row: int = 0
    left: float = 0.0

    @property
    def width(self) -> float:
        """The width that its name needs."""
        return len(shortened(self.name, 24)) * _LETTER + 26

    @property
    def right(self) -> float:
        """Its right end; a link that does not name two stages has its word beside its name."""
        return self.left + self.width + (120 if self.link and not self.column else 0)

    @property
    def middle(self) -> float:
        """The height at which links meet it."""
        return self.row * _ROW + _STAGE / 2

    def settle(self, column: int, row: int) -> int:
        """Assign a position to this stage and to all that follow; return the next free row."""
        self.column, self.row = column, row
        free = row
        for stage in self.following:
            # The first follower stays in this row; the others get rows below those before them.
            free = stage.settle(column + 1, free)
        return max(free, row + 1)


def chain_picture(links: tuple[Link, ...]) -> Markup:
    """Return the chain of links, each with its status in colour, shape and word."""
    stages = _arranged(links)
    width = max(stage.right for stage in stages) + 1
    height = max(stage.row for stage in stages) * _ROW + _STAGE + 32
    description = "; ".join(f"{visible(link.name)}: {mark_of(link)}" for link in links)
    return element(
        "svg",
        *(_edge(stage, following) for stage in stages for following in stage.following),
        *(_stage(stage) for stage in stages),
        class_="chain",
        viewBox=f"0 -16 {number(width)} {number(height)}",
        width=number(width),
        height=number(height),
        # The picture may shrink to fit the page as long as it stays legible.
        style=f"min-width:{number(min(width, 720))}px",
        role="img",
        aria_label=description,
    )


def _arranged(links: tuple[Link, ...]) -> list[_Stage]:
    """Return every stage with its position; a stage that two links lead to appears twice."""
    stages: list[_Stage] = []
    for link in links:
        left, _, right = link.name.partition(" = ")
        start = next((stage for stage in reversed(stages) if stage.name == left), None)
        if start is None:
            start = _Stage(left, None if right else link)
            stages.append(start)
        if right:
            start.following.append(_Stage(right, link))
            stages.append(start.following[-1])
    led_to = {id(stage) for start in stages for stage in start.following}
    row = 0
    for stage in stages:
        if id(stage) not in led_to:
            row = stage.settle(0, row)
    for stage in stages:
        before = range(stage.column)
        widest = (max(x.width for x in stages if x.column == column) for column in before)
        stage.left = sum(widest) + stage.column * _GAP + 1
    return stages


def _stage(stage: _Stage) -> Markup:
    left, width, top = stage.left, stage.width, stage.row * _ROW
    sides = {"x": left, "y": top, "width": width, "height": _STAGE}
    box = element("rect", **{side: number(value) for side, value in sides.items()}, rx="9")
    text = label(shortened(stage.name, 24), left + width / 2, stage.middle + 5)
    drawn = element("g", box, text, class_="stage")
    if stage.link is None or stage.column:
        return drawn
    mark, beside = mark_of(stage.link), left + width + 16
    word = label(mark.value, beside + 14, stage.middle + 4, "beside")
    disc = badge(mark, beside, stage.middle)
    return element("g", drawn, disc, word, class_=CLASSES[mark])


def _edge(start: _Stage, end: _Stage) -> Markup:
    link, middle = end.link, end.middle
    if link is None:
        return Markup()
    mark, out, x = mark_of(link), start.left + start.width, end.left - _GAP / 2
    path = f"M{number(out)} {number(middle)}H{number(end.left)}"
    if start.row == end.row:
        x = (out + end.left) / 2
    else:
        bend, below = number(start.left + 30), number(start.row * _ROW + _STAGE)
        path = f"M{bend} {below}V{number(middle - 10)}q0 10 10 10H{number(end.left)}"
    compared = counted(link.compared, "value") if link.compared else ""
    return element(
        "g",
        element("path", d=path, class_="edge"),
        badge(mark, x, middle),
        label(mark.value, x, middle - 16, "word"),
        label(compared, x, middle + 25, "count"),
        class_=CLASSES[mark],
    )
