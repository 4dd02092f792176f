"""Another program's output: its bounded stdout, and files to which it appends lines."""

import os
import threading
from collections import deque
from pathlib import Path
from typing import IO

_TAIL_BYTES = 16 << 10
_MOST_LINES = 1000


class OutputTail:
    """The end of a program's output, read continuously so that nothing piles up."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._tail = b""
        self._rest = b""
        self._lines: deque[str] = deque(maxlen=_MOST_LINES)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait until the output has ended, once no process is left that could print."""
        self._thread.join(timeout=1.0)

    def tail(self) -> str:
        """Return the end of the output."""
        return _decoded(self._tail).strip()

    def new_lines(self) -> list[str]:
        """Return the complete lines since the last call."""
        count = len(self._lines)
        return [self._lines.popleft() for _ in range(count)]

    def _follow(self) -> None:
        with self._pipe:
            while data := os.read(self._pipe.fileno(), 1 << 16):
                self._tail = (self._tail + data)[-_TAIL_BYTES:]
                *lines, rest = (self._rest + data).split(b"\n")
                self._rest = rest[-_TAIL_BYTES:]
                self._lines.extend(_decoded(line).rstrip() for line in lines)


class Lines:
    """The lines that a growing file gains between two calls."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def new(self) -> list[str]:
        """Return the complete lines that are new."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        complete = data[: data.rfind(b"\n") + 1]
        self._read += len(complete)
        return _decoded(complete).splitlines()


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")
