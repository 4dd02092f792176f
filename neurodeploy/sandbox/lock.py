"""A lock between processes, on a file that its last holder removes."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from snncore.scratch import is_still, lock

_POLL_S = 0.2


@contextmanager
def exclusive(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock; call `waiting` once if another process holds it."""
    file = _acquire(path, waiting)
    try:
        yield
    finally:
        with suppress(OSError):
            # Windows cannot remove an open file, so it stays there.
            path.unlink()
        os.close(file)


def _acquire(path: Path, waiting: Callable[[], None]) -> int:
    announced = False
    while True:
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            # Whoever created the folder no longer needed it, and removed it.
            path.parent.mkdir(parents=True, exist_ok=True)
            continue
        try:
            if lock(file) and is_still(path, file):
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)
        if not announced:
            waiting()
            announced = True
        time.sleep(_POLL_S)


def discard(path: Path) -> None:
    """Remove the file of a lock whose holder was killed."""
    with suppress(OSError):
        file = os.open(path, os.O_RDWR)
        try:
            if lock(file) and is_still(path, file):
                path.unlink()
        finally:
            os.close(file)
