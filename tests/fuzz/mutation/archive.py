"""Zip files changed in a member, whose checksum is right again, or in their directory."""

import io
import struct
import zipfile
from collections.abc import Callable
from random import Random

from tests.fuzz.mutation import raw

Members = list[tuple[str, bytes, int]]
# Fields of an entry, and of what ends the directory: where they are, and their width.
_ENTRY = ((10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (42, 4))
_END = ((8, 2), (10, 2), (12, 4), (16, 4), (20, 2))
_NAMES = ("data.pkl", "x/data.pkl", "samples", "samples.npy", "labels.npy", "../x", "", "x" * 300)


def changed(
    content: bytes, random: Random, member: Callable[[bytes, Random], bytes] = raw.changed
) -> bytes:
    """Return the archive with one fault; `member` changes the content of a member."""
    kind = random.random()
    if kind < 0.15:
        return raw.changed(content, random)
    if kind < 0.3:
        return _directory(content, random)
    members = unpacked(content)
    index = random.randrange(len(members))
    if kind < 0.75:
        name, inner, method = members[index]
        members[index] = name, member(inner, random), method
    else:
        random.choice((_lose, _rename, _repeat, _pack, _bomb))(members, index, random)
    return packed(members)


def unpacked(content: bytes) -> Members:
    """Return the name, content and method of every member."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return [(i.filename, file.read(i), i.compress_type) for i in file.infolist()]


def packed(members: Members) -> bytes:
    """Return an archive of the members."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as file:
        for name, content, method in members:
            file.writestr(zipfile.ZipInfo(name), content, method)
    return result.getvalue()


def _lose(members: Members, index: int, random: Random) -> None:
    del members[index]


def _rename(members: Members, index: int, random: Random) -> None:
    members[index] = (random.choice(_NAMES), *members[index][1:])


def _repeat(members: Members, index: int, random: Random) -> None:
    members.insert(0, (random.choice((members[index][0] + "x", "y")), *members[index][1:]))


def _pack(members: Members, index: int, random: Random) -> None:
    methods = (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    members[index] = (*members[index][:2], random.choice(methods))


def _bomb(members: Members, index: int, random: Random) -> None:
    name, content, _ = members[index]
    members[index] = (
        name,
        content + bytes(random.choice((1, 1 << 16, 1 << 24))),
        zipfile.ZIP_DEFLATED,
    )


def _directory(content: bytes, random: Random) -> bytes:
    """Return the archive with an extreme value in a field of its directory or end record."""
    buffer = bytearray(content)
    start = buffer.rfind(b"PK\5\6")
    entry = struct.unpack_from("<I", buffer, start + 16)[0]
    if random.random() < 0.7 and entry < len(buffer):
        offset, width = random.choice(_ENTRY)
        position = entry + offset
    else:
        offset, width = random.choice(_END)
        position = start + offset
    value = random.choice(raw.EXTREMES) % (1 << 8 * width)
    buffer[position : position + width] = value.to_bytes(width, "little")
    return bytes(buffer)
