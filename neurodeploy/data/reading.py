"""Files of strangers: only regular ones are opened, and only as much is read as there is room."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# So large a JSON document may be; those that we write hold some kilobytes.
JSON_BYTES = 8 << 20
# Below this, nobody asks the system how much memory is free.
_SMALL = 64 << 20
_NO_FILE = "is not a regular file"


@contextmanager
def regular_file(path: Path, *, links: bool = True) -> Iterator[tuple[IO[bytes], int]]:
    """Open a regular file for a block, with its size; never wait for a pipe or a device.

    Where `links` is false, the path itself may not be a symbolic link.

    Raises:
        OSError: if it is anything else, or cannot be opened; its strerror says what it is.
    """
    file = os.fdopen(_descriptor(path, links), "rb")
    with file:
        yield file, os.fstat(file.fileno()).st_size


def read_regular(path: Path, *, most: int | None = None, links: bool = True) -> bytes:
    """Return what a regular file holds, if it is no larger than `most` and memory has room.

    Raises:
        OSError: otherwise; its strerror says what is wrong.
    """
    with regular_file(path, links=links) as (file, size):
        require_room(path, size, most)
        content = file.read(size + 1)
    if len(content) != size:
        raise OSError(errno.EBUSY, "changed while it was read", str(path))
    return content


def require_room(path: Path, size: int, most: int | None = None) -> None:
    """Check that so many bytes may be read, and that memory has room for them.

    Raises:
        OSError: otherwise; its strerror says how many bytes there are and may be.
    """
    if most is not None and size > most:
        raise OSError(errno.EFBIG, f"holds {size:,} bytes, and {most:,} are read at most", path)
    if size > _SMALL and size > (free := free_memory()):
        raise OSError(
            errno.EFBIG, f"holds {size:,} bytes, and {free:,} bytes of memory are free", path
        )


def free_memory() -> int:
    """Return the bytes of memory that are free on this machine."""
    import psutil

    return int(psutil.virtual_memory().available)


def _descriptor(path: Path, links: bool) -> int:
    # Looked at first, because opening a device can already do something.
    known = os.stat(path, follow_symlinks=links)
    if stat.S_ISLNK(known.st_mode):
        raise OSError(errno.ELOOP, "is a symbolic link, which is not followed", str(path))
    if not stat.S_ISREG(known.st_mode):
        raise OSError(errno.EINVAL, _NO_FILE, str(path))
    flags = os.O_RDONLY
    # Not every system has each of these.
    for name in ("O_BINARY", "O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY"):
        flags |= getattr(os, name, 0)
    if not links:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags)
    # It may have been exchanged since.
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, _NO_FILE, str(path))
    return descriptor
