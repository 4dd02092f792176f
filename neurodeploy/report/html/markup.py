"""Markup that cannot be forgotten to be escaped: text is text until it is made an element."""

from __future__ import annotations

from html import escape

from neurodeploy.report.words import paragraphs, visible

_VOID = {"br", "input", "meta"}


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(tag: str, /, *children: object, **attributes: object) -> Markup:
    """An element; whatever is not markup is escaped, None is left out.

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
    """One thing after another, escaped where it is no markup."""
    shown = (child for child in children if child is not None)
    return Markup("".join(x if isinstance(x, Markup) else escape(visible(x)) for x in shown))


def lines(text: object) -> Markup:
    """A text of several lines, broken where it was broken."""
    return Markup("<br />".join(escape(line) for line in paragraphs(text)))


def number(value: float) -> str:
    """A coordinate in as few characters as a picture needs."""
    return f"{round(value, 2):g}"
