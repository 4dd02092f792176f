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
    # The harness failed to write the file.
    HARNESS = "harness"


RIGHT = (Kind.ACCEPTED, Kind.REFUSED)


@dataclass(frozen=True)
class Outcome:
    """The outcome of one input, which its reader and its seed name."""

    reader: str
    seed: int
    kind: Kind
    words: str = ""
    # Seconds of processor time, so that a busy machine changes nothing.
    seconds: float = 0.0
