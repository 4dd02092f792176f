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
    """The archive with something wrong; `member` changes what a member holds."""
    kind = random.random()
    if kind < 0.15:
        return raw.changed(content, random)
    if kind < 0.3:
        return _directory(content, random)
    members = unpacked(content)
    place = random.randrange(len(members))
    if kind < 0.75:
        name, held, method = members[place]
        members[place] = name, member(held, random), method
    else:
        random.choice((_lose, _rename, _repeat, _pack, _bomb))(members, place, random)
    return packed(members)


def unpacked(content: bytes) -> Members:
    """Every member's name, content and method."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return [(i.filename, file.read(i), i.compress_type) for i in file.infolist()]


def packed(members: Members) -> bytes:
    """An archive of the members."""
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as file:
        for name, held, method in members:
            file.writestr(zipfile.ZipInfo(name), held, method)
    return result.getvalue()


def _lose(members: Members, place: int, random: Random) -> None:
    del members[place]


def _rename(members: Members, place: int, random: Random) -> None:
    members[place] = (random.choice(_NAMES), *members[place][1:])


def _repeat(members: Members, place: int, random: Random) -> None:
    members.insert(0, (random.choice((members[place][0] + "x", "y")), *members[place][1:]))


def _pack(members: Members, place: int, random: Random) -> None:
    methods = (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    members[place] = (*members[place][:2], random.choice(methods))


def _bomb(members: Members, place: int, random: Random) -> None:
    name, held, _ = members[place]
    members[place] = name, held + bytes(random.choice((1, 1 << 16, 1 << 24))), zipfile.ZIP_DEFLATED


def _directory(content: bytes, random: Random) -> bytes:
    """A field of the directory, or of its end, made extreme."""
    held = bytearray(content)
    start = held.rfind(b"PK\5\6")
    entry = struct.unpack_from("<I", held, start + 16)[0]
    if random.random() < 0.7 and entry < len(held):
        offset, width = random.choice(_ENTRY)
        place = entry + offset
    else:
        offset, width = random.choice(_END)
        place = start + offset
    value = random.choice(raw.EXTREMES) % (1 << 8 * width)
    held[place : place + width] = value.to_bytes(width, "little")
    return bytes(held)
