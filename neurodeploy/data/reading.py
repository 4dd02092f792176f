"""Files from strangers: only regular ones are opened, and only as much as fits memory is read."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# The limit of a JSON document; our own have a few kilobytes.
JSON_BYTES = 8 << 20
# Below this size, the free memory is not checked.
_SMALL = 64 << 20
_NO_FILE = "is not a regular file"


@contextmanager
def regular_file(path: Path, *, links: bool = True) -> Iterator[tuple[IO[bytes], int]]:
    """Yield an open regular file with its size; never wait for a pipe or a device.

    If `links` is false, the path itself must not be a symbolic link.

    Raises:
        OSError: if it is anything else, or cannot be opened; its strerror says what it is.
    """
    file = os.fdopen(_descriptor(path, links), "rb")
    with file:
        yield file, os.fstat(file.fileno()).st_size


def read_regular(path: Path, *, most: int | None = None, links: bool = True) -> bytes:
    """Return the content of a regular file, if it is no larger than `most` and fits into memory.

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
    """Check that so many bytes may be read and fit into memory.

    Raises:
        OSError: otherwise; its strerror gives the size and the limit.
    """
    if most is not None and size > most:
        raise OSError(errno.EFBIG, f"holds {size:,} bytes, but at most {most:,} are read", path)
    if size > _SMALL and size > (free := free_memory()):
        raise OSError(
            errno.EFBIG, f"holds {size:,} bytes, but only {free:,} bytes of memory are free", path
        )


def free_memory() -> int:
    """Return the bytes of memory that are free on this machine."""
    import psutil

    return int(psutil.virtual_memory().available)


def _descriptor(path: Path, links: bool) -> int:
    # Check the type first, because opening a device can already have an effect.
    status = os.stat(path, follow_symlinks=links)
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "is a symbolic link, which is not followed", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, _NO_FILE, str(path))
    flags = os.O_RDONLY
    # Not every system has each of these.
    for name in ("O_BINARY", "O_CLOEXEC", "O_NONBLOCK", "O_NOCTTY"):
        flags |= getattr(os, name, 0)
    if not links:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags)
    # The file may have been replaced since.
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, _NO_FILE, str(path))
    return descriptor
