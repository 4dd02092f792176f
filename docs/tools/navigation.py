"""The navigation of the site, from that of mkdocs.yml."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

MORE = "More"


def pages(docs: Path) -> list[Path]:
    """Return the pages below docs/."""
    paths = sorted(docs.rglob("*.md"))
    return [path for path in paths if "tools" not in path.parts]


def filled(nav: list[Any], names: Sequence[str]) -> list[Any]:
    """Return the navigation with the pages that a star stands for, and those that nothing names.

    Pages that no line names stand under "More": a new page needs no line here to be found.
    """
    complete = [_filled(entry, names) for entry in nav]
    listed = set(_leaves(complete))
    rest = sorted(name for name in names if name not in listed)
    return [*complete, {MORE: rest}] if rest else complete


def _filled(entry: Any, names: Sequence[str]) -> Any:
    if isinstance(entry, dict):
        return {title: _filled(below, names) for title, below in entry.items()}
    if isinstance(entry, list):
        return [_filled(below, names) for below in entry]
    if "*" in entry:
        return sorted(name for name in names if fnmatch(name, entry))
    return entry


def _leaves(entry: Any) -> Iterator[str]:
    if isinstance(entry, dict):
        entry = list(entry.values())
    if isinstance(entry, list):
        for below in entry:
            yield from _leaves(below)
    else:
        yield entry
