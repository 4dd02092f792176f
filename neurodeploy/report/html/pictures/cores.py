"""The chip's cores as a picture: a square per core, filled by its use and coloured by layer."""

from __future__ import annotations

from neurodeploy.chips.resources import Core, OnChip, Placement
from neurodeploy.report.html.markup import Markup, element, join
from neurodeploy.report.html.pictures.axis import picture, rectangle
from neurodeploy.report.html.tables import table
from neurodeploy.report.on_chip import (
    TableData,
    chip_table,
    core_table,
    estimate_lines,
    headline,
    layer_table,
    layers_on,
    metric_table,
    operation_table,
    spread_lines,
    used,
)

_ACROSS, _SIDE, _GAP = 32, 24, 4
_COLOURS = 4


def on_chip_section(on_chip: OnChip) -> Markup:
    """Return a section with placements, operations and energy."""
    parts = [_placement(placed) for placed in on_chip.placements]
    if on_chip.operations:
        parts.append(element("h3", "Operations for one sample"))
        parts.append(_table("Operations for one sample", operation_table(on_chip.operations)))
    if on_chip.metrics is not None:
        parts.append(element("h3", "NeuroBench"))
        parts.append(_table("NeuroBench's metrics", metric_table(on_chip.metrics)))
    parts += [element("p", line, class_="lead") for line in estimate_lines(on_chip)]
    return join(*parts)


def _placement(placed: Placement) -> Markup:
    notes = [element("p", f"{note}.", class_="change") for note in placed.notes]
    pictures = [_map(placed), _key(placed)] if placed.cores and not placed.spread else []
    pictures += [element("p", f"{line}.", class_="lead") for line in spread_lines(placed)]
    tables = [_table(f"Layers on {placed.chip}", layer_table(placed))]
    if placed.spread is not None:
        tables.append(_table(f"Chips of {placed.spread.board}", chip_table(placed)))
    if placed.cores:
        tables.append(_table(f"Fullest cores of {placed.chip}", core_table(placed)))
    head = element("h3", headline(placed))
    return element("div", head, *pictures, *tables, *notes, class_="placement")


def _table(caption: str, data: TableData) -> Markup:
    head = [f"#{name}" if name in data.numbers else name for name in data.headings]
    rows = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(
                element("td", cell, class_="number" if name in data.numbers else None)
                for name, cell in zip(data.headings[1:], row[1:], strict=True)
            ),
        )
        for row in data.rows
    ]
    return table(caption, head, rows, "layers plain")


def _map(placed: Placement) -> Markup:
    step = _SIDE + _GAP
    count = max(placed.core_limit, len(placed.cores))
    rows = -(-count // _ACROSS)
    layers = [each.layer for each in placed.layers]
    squares = [
        _core(placed.cores[i] if i < len(placed.cores) else None, i, layers) for i in range(count)
    ]
    caption = headline(placed)
    drawn = picture(_ACROSS * step, rows * step, caption, *squares)
    return element("figure", element("div", drawn, class_="scroll"), element("figcaption", caption))


def _core(core: Core | None, index: int, layers: list[str]) -> Markup:
    step = _SIDE + _GAP
    x, y = index % _ACROSS * step, index // _ACROSS * step
    parts = [rectangle(x, y, _SIDE, _SIDE, "ground")]
    if core is not None:
        words = ", ".join(f"{use.what} {used(use)}" for use in core.uses)
        parts.append(element("title", f"core {index}: {layers_on(core)}: {words}"))
        width = _SIDE / len(core.slices)
        height = max(_SIDE * core.share, 2)
        for position, part in enumerate(core.slices):
            colour = f"core c{layers.index(part.layer) % _COLOURS}"
            parts.append(rectangle(x + position * width, y + _SIDE - height, width, height, colour))
    return element("g", *parts)


def _key(placed: Placement) -> Markup:
    """Return the key of the layers' colours, which repeat if there are many layers."""
    names = [each.layer for each in placed.layers]
    spots = [
        element("span", name, class_=f"key c{index % _COLOURS}") for index, name in enumerate(names)
    ]
    return element("p", *spots, class_="change")
