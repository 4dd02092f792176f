"""The search for shared memory that killed Python programs leave in /dev/shm, and its removal."""

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

_FOLDER = Path("/dev/shm")
_MAPPED = re.compile(r"/dev/shm/(psm_\w+)")


class Segments:
    """The segments of multiprocessing.shared_memory that a set of processes has mapped."""

    def __init__(self) -> None:
        self._listed: set[str] = set()
        self._names: set[str] = set()

    def look(self, processes: Iterable[psutil.Process]) -> None:
        """Record what the processes have mapped, if the machine has segments not seen before."""
        listed = {path.name for path in _FOLDER.glob("psm_*")}
        if listed - self._listed:
            for process in processes:
                with suppress(OSError):
                    maps = Path(f"/proc/{process.pid}/maps").read_text(errors="replace")
                    self._names.update(_MAPPED.findall(maps))
        self._listed = listed

    def remove(self) -> None:
        """Remove every recorded segment that its owners did not remove themselves."""
        for name in self._names:
            with suppress(OSError):
                (_FOLDER / name).unlink()
