"""Protocol Buffers' wire format, as far as it takes to write a message larger than memory likes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from neurodeploy.content import Content, joined, of_bytes

_VARINT, _EIGHT_BYTES, _DELIMITED, _FOUR_BYTES = 0, 1, 2, 5


def field(number: int, content: Content) -> Content:
    """A field of bytes, or of a message, with its tag and its length."""
    head = _varint(number << 3 | _DELIMITED) + _varint(content.size)
    return joined([of_bytes(head), content])


def inserted(message: bytes, path: Sequence[int], number: int, content: Content) -> Content:
    """A message with fields of a number put, in the order of numbers, into one within it.

    `path` leads there: the number of the field that holds the next message, and so on.
    """
    fields = list(_fields(message))
    if not path:
        place = next((start for found, start, _, _ in fields if found > number), len(message))
        return joined([of_bytes(message[:place]), content, of_bytes(message[place:])])
    _, start, begin, end = next(entry for entry in fields if entry[0] == path[0])
    within = inserted(message[begin:end], path[1:], number, content)
    return joined([of_bytes(message[:start]), field(path[0], within), of_bytes(message[end:])])


def _fields(message: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Every field's number, and where it starts, its value begins, and it ends."""
    place = 0
    while place < len(message):
        start = place
        tag, place = _read_varint(message, place)
        begin, kind = place, tag & 7
        if kind == _VARINT:
            _, place = _read_varint(message, place)
        elif kind == _DELIMITED:
            length, begin = _read_varint(message, place)
            place = begin + length
        else:
            place += {_EIGHT_BYTES: 8, _FOUR_BYTES: 4}[kind]
        yield tag >> 3, start, begin, place


def _varint(value: int) -> bytes:
    result = bytearray()
    while value > 127:
        result.append(value & 127 | 128)
        value >>= 7
    return bytes([*result, value])


def _read_varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, place
