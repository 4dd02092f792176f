"""The outcome of one input."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a reader dealt with a file; the first two are right."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    # An error of ours that does not name the file.
    NAMELESS = "nameless"
    UNEXPECTED = "unexpected"
    CRASH = "crash"
    HANG = "hang"
    MEMORY = "memory"
    # The file could not be made: a defect of the harness.
    HARNESS = "harness"


RIGHT = (Kind.ACCEPTED, Kind.REFUSED)


@dataclass(frozen=True)
class Outcome:
    """One input, by its reader and its seed, and what became of it."""

    reader: str
    seed: int
    kind: Kind
    words: str = ""
    # Of the processor, so that a busy machine changes nothing.
    seconds: float = 0.0
