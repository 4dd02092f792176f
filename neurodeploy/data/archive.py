"""Zip files of strangers: a directory of bounded size, and members that unpack to what it says."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

# So large an archive's directory may be: some twenty thousand members.
DIRECTORY_BYTES = 2 << 20
# What zipfile and zlib raise over damaged archives; NotImplementedError is a RuntimeError.
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
# Others unpack a piece to as much as it holds, without a limit.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class Archive:
    """The members of a zip file by name, none of which was read yet."""

    file: zipfile.ZipFile
    members: Mapping[str, zipfile.ZipInfo]

    def open(self, name: str) -> IO[bytes]:
        """Open a member; it is unpacked as far as it is read, and never beyond its size.

        Raises:
            zipfile.BadZipFile: if it is packed in a way that cannot be bounded.
        """
        member = self.members[name]
        if member.compress_type not in _METHODS:
            raise zipfile.BadZipFile(f"{name}: is neither stored nor deflated")
        return self.file.open(member)


@contextmanager
def opened_archive(file: IO[bytes]) -> Iterator[Archive]:
    """Open a zip file for a block.

    Raises:
        zipfile.BadZipFile: if it is not one, or its directory is too large or names one twice.
        Exception: one of DAMAGE, for other damage.
    """
    bounded: Any = _Bounded(file)
    with zipfile.ZipFile(bounded) as archive:
        members = {member.filename: member for member in archive.infolist()}
        if len(members) != len(archive.infolist()):
            raise zipfile.BadZipFile("the directory names a member twice")
        yield Archive(archive, members)


def fill(target: memoryview, source: IO[bytes]) -> None:
    """Fill memory with all that is left of a member.

    Raises:
        EOFError: if it holds less than that, or more.
    """
    place = 0
    while place < len(target):
        piece = source.read(min(_PIECE, len(target) - place))
        if not piece:
            raise EOFError("it was cut short")
        target[place : place + len(piece)] = piece
        place += len(piece)
    # Where a member ends, zipfile compares its checksum.
    if source.read(1):
        raise EOFError("it holds more than it says")


class _Bounded:
    """A file of which zipfile reads the directory and pieces of members, never more at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes."""
        if size > DIRECTORY_BYTES:
            raise zipfile.BadZipFile(f"the directory is larger than {DIRECTORY_BYTES:,} bytes")
        return self._file.read(DIRECTORY_BYTES if size < 0 else size)

    def close(self) -> None:
        """Leave the file open, which is the caller's."""
