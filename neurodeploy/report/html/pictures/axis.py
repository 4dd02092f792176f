"""The time axis that a layer's pictures share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from neurodeploy.report.html.markup import Markup, element, join, number
from neurodeploy.report.words import shortened


@dataclass(frozen=True)
class Axis:
    """Steps from left to right, in one cell each."""

    steps: range
    left: float = 52
    right: float = 500

    @property
    def cell(self) -> float:
        """The width of a step."""
        return self.width / max(len(self.steps), 1)

    @property
    def width(self) -> float:
        """The width of all steps."""
        return self.right - self.left

    def center(self, step: int) -> float:
        """Return the middle of a step's cell."""
        return self.left + (step - self.steps.start + 0.5) * self.cell

    def picture(
        self,
        height: float,
        description: str,
        *children: object,
        counts: Sequence[int] | None = None,
    ) -> Markup:
        """Return a drawing over these steps, with what the page's script reads of them."""
        steps = {"data_first": self.steps.start, "data_steps": len(self.steps)}
        cells = {"data_left": number(self.left), "data_cell": f"{self.cell:.6g}"}
        written = None if counts is None else f"[{','.join(map(str, counts))}]"
        width = self.right + 12
        return picture(width, height, description, *children, **steps, **cells, data_counts=written)

    def labels(self, y: float) -> Markup:
        """Return labels with the steps' numbers at round distances."""
        apart = next(n for n in _DISTANCES if len(self.steps) <= 9 * n)
        return join(
            *(
                element("text", step, x=number(self.center(step)), y=number(y), class_="tick")
                for step in self.steps
                if step % apart == 0
            )
        )


_DISTANCES = [factor * 10**power for power in range(9) for factor in (1, 2, 5)]


def picture(
    width: float, height: float, description: str, *children: object, **attributes: object
) -> Markup:
    """Return a drawing with a text alternative."""
    return element(
        "svg",
        *children,
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=number(width),
        role="img",
        aria_label=description,
        **attributes,
    )


def margin(states: Iterable[str]) -> float:
    """Return the space that the names of the states need at the left."""
    longest = max((len(shortened(state, 12)) for state in states), default=0)
    return max(52.0, 14 + 7.5 * longest)


def rectangle(left: float, top: float, width: float, height: float, class_: str) -> Markup:
    """Return a box within a drawing."""
    places = {"x": left, "y": top, "width": width, "height": height}
    written = {key: number(value) for key, value in places.items()}
    return element("rect", **written, class_=class_)


def label(text: object, x: float, y: float, class_: str = "label") -> Markup:
    """Return words within a drawing."""
    return element("text", text, x=number(x), y=number(y), class_=class_)
