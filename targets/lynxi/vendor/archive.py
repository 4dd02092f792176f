"""A zip archive of stored records, written in pieces: no clock, no path, no version in it."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from zlib import crc32

from neurodeploy.data.content import Content
from neurodeploy.data.files import Piece

# The oldest date that the format can express: the first day of 1980.
_TIME, _DATE = 0, 1 << 5 | 1
_VERSION, _UNIX = 20, 3
# The owner of the unpacked file may read and write it.
_OWNERS = 0o600 << 16
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s2B5H3L5H2L")
_END = struct.Struct("<4s4H2LH")


def archive(records: Mapping[str, Content]) -> Content:
    """Return the archive of these records."""
    heads = sum(_LOCAL.size + _CENTRAL.size + 2 * len(name.encode()) for name in records)
    size = heads + sum(content.size for content in records.values()) + _END.size

    def make() -> Iterator[Piece]:
        entries, offset = [], 0
        for name, content in records.items():
            label, length = name.encode(), content.size
            # A record's checksum stands before it.
            total = 0
            for piece in content.pieces():
                total = crc32(piece, total)
            common = (0, 0, _TIME, _DATE, total, length, length, len(label), 0)
            yield _LOCAL.pack(b"PK\3\4", _VERSION, *common) + label
            yield from content.pieces()
            head = (b"PK\1\2", _VERSION, _UNIX, _VERSION, *common)
            entries.append(_CENTRAL.pack(*head, 0, 0, 0, _OWNERS, offset) + label)
            offset += _LOCAL.size + len(label) + length
        index = b"".join(entries)
        yield index
        yield _END.pack(b"PK\5\6", 0, 0, len(entries), len(entries), len(index), offset, 0)

    return Content(size, make)
