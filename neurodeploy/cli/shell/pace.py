"""The time that work took so far, and the time that is left of it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

# Below these seconds nobody waits for a figure.
_SHORT = 2.0
_COUNT = re.compile(r"(\d[\d,]*)(?: of |/)(\d[\d,]*)")


class Pace:
    """The pace of lines that count, such as `network 3 of 10`; each kind of line has its own."""

    def __init__(self) -> None:
        self._begin = time.perf_counter()
        self._first: dict[str, tuple[float, int]] = {}

    def time(self) -> str:
        """Return the time since the beginning."""
        return f"{time.perf_counter() - self._begin:7.1f} s"

    def rest(self, line: str) -> str:
        """Return rate and time left, as words behind a line that counts; else nothing."""
        count = _COUNT.search(line)
        if count is None:
            return ""
        done, total = (int(number.replace(",", "")) for number in count.groups())
        now, kind = time.perf_counter(), line[: count.start()]
        begun, first = self._first.setdefault(kind, (now, done))
        if now - begun < _SHORT or done <= first or total <= done:
            return ""
        rate = (done - first) / (now - begun)
        left = (total - done) / rate
        return f" ({rate:.3g} a second, {left:.0f} s left)"

    def waiting(self, line: str) -> Callable[[], str]:
        """Return a function that says, of a line that now begins, how long it has taken so far.

        A line that counts says its rate and the time left instead.
        """
        rest, began = self.rest(line), time.perf_counter()

        def words() -> str:
            seconds = time.perf_counter() - began
            return rest or (f" ({seconds:.0f} s)" if seconds >= _SHORT else "")

        return words
