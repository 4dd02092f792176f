"""What another program prints, in a file that never outgrows its bound."""

import os
from pathlib import Path

_LARGEST_BYTES = 16 << 20
_TAIL_BYTES = 16 << 10


class Log:
    """The file that a program's stdout and stderr go to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._cut = b""

    def trim(self) -> None:
        """Empty the file when it has grown too large; what it ended with is kept."""
        if self.path.stat().st_size > _LARGEST_BYTES:
            self._cut = self._end()
            # the program appends, so that it goes on at the new end
            os.truncate(self.path, 0)

    def tail(self) -> str:
        """The last that was printed."""
        data = (self._cut + self._end())[-_TAIL_BYTES:]
        return data.decode("utf-8", errors="replace").strip()

    def _end(self) -> bytes:
        if not self.path.exists():
            return b""
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - _TAIL_BYTES))
            return file.read(_TAIL_BYTES)


class Lines:
    """The lines that a growing file has gained since one last looked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._rest = b""

    def new(self) -> list[str]:
        """The complete lines that are new."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            if self._path.stat().st_size < self._read:
                self._read = 0
            file.seek(self._read)
            data = file.read(1 << 20)
        self._read += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode("utf-8", errors="replace").rstrip() for line in lines]
