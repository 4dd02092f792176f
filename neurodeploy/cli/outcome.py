"""The result of a command: one document for programs, and the same in words for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Tone(StrEnum):
    """The meaning of a line, which a terminal shows as a colour."""

    PLAIN = "none"
    TITLE = "bold"
    GOOD = "green"
    DOUBTFUL = "yellow"
    BAD = "red"
    ASIDE = "dim"


@dataclass(frozen=True)
class Line:
    """One line of words."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Table:
    """Rows under headings; columns of numbers are aligned to the right."""

    headings: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[str] = frozenset()


Block = Line | Table


@dataclass(frozen=True)
class Outcome:
    """The result of a command that ran; its exit code may still report a negative answer."""

    document: Mapping[str, Any]
    blocks: Sequence[Block] = field(default_factory=tuple)
    exit_code: int = 0


BLANK = Line("")


def title(text: str) -> tuple[Line, Line]:
    """Return a heading with an empty line above it."""
    return BLANK, Line(text, Tone.TITLE)
