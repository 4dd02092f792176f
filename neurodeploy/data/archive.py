"""Zip files from strangers: a directory of bounded size, and members that unpack as stated."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

# The limit of an archive's directory: some twenty thousand members.
DIRECTORY_BYTES = 2 << 20
# The exceptions of zipfile and zlib for damaged archives; NotImplementedError is a RuntimeError.
DAMAGE = (
    zipfile.BadZipFile,
    struct.error,
    zlib.error,
    ValueError,
    LookupError,
    EOFError,
    OSError,
    RuntimeError,
)
_PIECE = 1 << 20
# The other methods unpack a piece completely, without a limit.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class Archive:
    """The members of a zip file by name, still unread."""

    file: zipfile.ZipFile
    members: Mapping[str, zipfile.ZipInfo]

    def open(self, name: str) -> IO[bytes]:
        """Open a member; it is unpacked only as far as it is read, and never beyond its size.

        Raises:
            zipfile.BadZipFile: if its compression cannot be bounded.
        """
        member = self.members[name]
        if member.compress_type not in _METHODS:
            raise zipfile.BadZipFile(f"{name}: is neither stored nor deflated")
        return self.file.open(member)


@contextmanager
def opened_archive(file: IO[bytes]) -> Iterator[Archive]:
    """Yield the open archive of a zip file.

    Raises:
        zipfile.BadZipFile: if it is not one, or its directory is too large or names a member twice.
        Exception: one of DAMAGE, for other damage.
    """
    bounded: Any = _Bounded(file)
    with zipfile.ZipFile(bounded) as archive:
        members = {member.filename: member for member in archive.infolist()}
        if len(members) != len(archive.infolist()):
            raise zipfile.BadZipFile("the directory names a member twice")
        yield Archive(archive, members)


def fill(target: memoryview, source: IO[bytes]) -> None:
    """Fill memory with the rest of a member.

    Raises:
        EOFError: if the member is shorter or longer than that.
    """
    position = 0
    while position < len(target):
        piece = source.read(min(_PIECE, len(target) - position))
        if not piece:
            raise EOFError("it was cut short")
        target[position : position + len(piece)] = piece
        position += len(piece)
    # At a member's end, zipfile compares its checksum.
    if source.read(1):
        raise EOFError("it is longer than it says")


class _Bounded:
    """A file from which zipfile reads its directory and pieces of members, never more at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes."""
        if size > DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"the directory is larger than {DIRECTORY_BYTES:,} bytes")
        return self._file.read(DIRECTORY_BYTES if size < 0 else size)

    def close(self) -> None:
        """Leave the file open, because it belongs to the caller."""
