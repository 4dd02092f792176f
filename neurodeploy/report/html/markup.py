"""Markup that is always escaped: a text stays text until it becomes an element."""

from __future__ import annotations

from html import escape

from neurodeploy.report.words import paragraphs, visible

_VOID = {"br", "input", "meta"}


class Markup(str):
    """A text that is already markup."""

    __slots__ = ()


def element(tag: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element; whatever is not markup is escaped, and None is left out.

    `class_` is written `class`, and `stroke_width` is written `stroke-width`.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(visible(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Markup(f"<{tag}{written} />")
    return Markup(f"<{tag}{written}>{join(*children)}</{tag}>")


def join(*children: object) -> Markup:
    """Join parts to one markup, and escape those that are not markup."""
    shown = (child for child in children if child is not None)
    return Markup("".join(x if isinstance(x, Markup) else escape(visible(x)) for x in shown))


def lines(text: object) -> Markup:
    """Return a text of several lines with its line breaks."""
    return Markup("<br />".join(escape(line) for line in paragraphs(text)))


def number(value: float) -> str:
    """Return a coordinate in as few characters as a picture needs."""
    return f"{round(value, 2):g}"
