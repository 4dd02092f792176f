"""Values that are read some steps late, by the arithmetic with which files count their slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class LateRead:
    """A ring of slots in the files, and which one a node reads.

    For every value of the ring's counter: the next one, the slot that is written, and the slot
    that is read. Without any, the files have no such read.
    """

    reader: str
    source: str
    # In the program.
    delay: int
    following: Sequence[int] = ()
    written: Sequence[int] = ()
    read: Sequence[int] = ()

    @cached_property
    def delays(self) -> frozenset[int]:
        """How many steps late the values are, over all values of the counter."""
        count = len(self.following)
        ends = [*self.following, *self.written, *self.read]
        if not count or any(not 0 <= each < count for each in ends):
            return frozenset()
        stored: dict[int, int] = {}
        delays, counter = set(), 0
        # One turn fills the ring, and the next one reads every slot.
        for step in range(2 * count):
            stored[self.written[counter]] = step
            if step >= count:
                delays.add(step - stored.get(self.read[counter], 2 * count))
            counter = self.following[counter]
        return frozenset(delays)

    @property
    def right(self) -> bool:
        """Whether the value is always as late as in the program."""
        return self.delays == {self.delay}

    def sentence(self) -> str:
        """Return what is wrong."""
        actual = ", ".join(map(str, sorted(self.delays))) or "no number of"
        return (
            f"{self.reader}: expected the value of {self.source} {self.delay} steps late, "
            f"got it {actual} steps late"
        )
