"""Folders that are gone afterwards, and that others can tell from those of killed processes.

A process holds a lock in every folder of its own. The system frees it when the process ends,
however it ends: whoever can take the lock knows that nobody uses the folder any more.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# The locked file; a folder without it is not ours to remove.
MARK = ".neurodeploy-scratch"


@dataclass(frozen=True)
class Scratch:
    """A temporary folder of this process."""

    folder: Path
    _lock: int

    def remove(self) -> None:
        """Remove the folder and all that it holds."""
        if sys.platform == "win32":
            # An open file cannot be removed there.
            os.close(self._lock)
        clear(self.folder)
        if sys.platform != "win32":
            os.close(self._lock)


def claim(base: Path, prefix: str) -> Scratch:
    """Make a folder of this process, whose name begins with the prefix.

    Raises:
        OSError: without permission or space.
    """
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=base))
        try:
            file = os.open(folder / MARK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            folder.rmdir()
            raise
        if _is_alone(folder / MARK, file):
            return Scratch(folder, file)
        # Somebody swept it between its making and its lock.
        os.close(file)


def sweep(base: Path, prefix: str) -> None:
    """Remove the folders with this prefix that dead processes of this user left."""
    with suppress(OSError):
        for folder in base.glob(f"{prefix}*"):
            with suppress(OSError):
                if _is_ours(folder):
                    _remove_if_dead(folder)


def clear(folder: Path) -> None:
    """Remove a folder, and last of all the mark by which others may finish it."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.name == MARK:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()
    shutil.rmtree(folder, ignore_errors=True)


def is_still(path: Path, file: int) -> bool:
    """Return whether an open file is the one that others would open by this path."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _is_alone(mark: Path, file: int) -> bool:
    try:
        locked = lock(file)
    except OSError:
        # A file system without locks: then nobody can take one either, and nobody sweeps.
        return True
    return locked and is_still(mark, file)


def _is_ours(folder: Path) -> bool:
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and (
        sys.platform == "win32" or status.st_uid == os.geteuid()
    )


def _remove_if_dead(folder: Path) -> None:
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    file = os.open(folder / MARK, flags)
    try:
        dead = lock(file)
        if dead and sys.platform != "win32":
            clear(folder)
    finally:
        os.close(file)
    if dead and sys.platform == "win32":
        clear(folder)


if sys.platform == "win32":
    import msvcrt

    def lock(file: int) -> bool:
        """Lock an open file for this process; false if another process has it."""
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def lock(file: int) -> bool:
        """Lock an open file for this process; false if another process has it."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
