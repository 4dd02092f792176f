"""A lock between processes, on a file that goes with its last holder."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_POLL_S = 0.2


@contextmanager
def exclusive(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock; `waiting` is called once if somebody else has it."""
    file = _acquire(path, waiting)
    try:
        yield
    finally:
        with suppress(OSError):
            # Windows keeps a file that is open, and there it stays
            path.unlink()
        os.close(file)


def _acquire(path: Path, waiting: Callable[[], None]) -> int:
    told = False
    while True:
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            # Whoever made the folder had no use for it, and took it away.
            path.parent.mkdir(parents=True, exist_ok=True)
            continue
        try:
            if _lock(file) and _is_still(path, file):
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)
        if not told:
            waiting()
            told = True
        time.sleep(_POLL_S)


def _is_still(path: Path, file: int) -> bool:
    """Whether the locked file is the one others would open: its last holder may have removed it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
