"""Protocol Buffers' wire format: writing large messages, and checking one before it is parsed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from neurodeploy.data.content import Content, joined, of_bytes

_VARINT, _DELIMITED = 0, 2
# Numbers of eight and of four bytes.
_FIXED = {1: 8, 5: 4}
_LONGEST_VARINT = 10
# Most numbers are small.
_SMALL = [bytes([value]) for value in range(128)]


def field(number: int, content: Content) -> Content:
    """Return a field of bytes, or of a message, with its tag and its length."""
    head = _varint(number << 3 | _DELIMITED) + _varint(content.size)
    return joined([of_bytes(head), content])


def whole_number(number: int, value: int) -> Content:
    """Return a field of a whole number that is not negative, with its tag."""
    return of_bytes(_varint(number << 3 | _VARINT) + _varint(value))


def tag(number: int) -> bytes:
    """Return the tag of a field of bytes, which its length and its bytes follow."""
    return _varint(number << 3 | _DELIMITED)


def sized(content: bytes) -> bytes:
    """Return bytes behind their length."""
    return _varint(len(content)) + content


@lru_cache(maxsize=1 << 14)
def sized_text(value: str) -> bytes:
    """Return a text behind its length; names in a graph are written several times."""
    return sized(value.encode())


def inserted(message: bytes, path: Sequence[int], contents: Mapping[int, Content]) -> Content:
    """Return a message with fields inserted by their number, in order, into an inner message.

    `path` leads there: the number of the field that holds the next message, and so on.
    """
    fields = list(_fields(message, 0, len(message)))
    if not path:
        parts, done = list[Content](), 0
        for number, content in sorted(contents.items()):
            starts = (start for other, start, _, _ in fields if other > number)
            position = next(starts, len(message))
            parts += [of_bytes(message[done:position]), content]
            done = position
        return joined([*parts, of_bytes(message[done:])])
    _, start, begin, end = next(entry for entry in fields if entry[0] == path[0])
    within = inserted(message[begin:end], path[1:], contents)
    return joined([of_bytes(message[:start]), field(path[0], within), of_bytes(message[end:])])


def fields_of(message: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the number of every field of bytes between two offsets, and the offsets of its bytes.

    Raises:
        ValueError: if there is no message.
    """
    for number, start, first, last in _fields(message, begin, end):
        if message[start] & 7 == _DELIMITED:
            yield number, first, last


def _fields(message: bytes, position: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield every field's number, its start, the start of its value, and its end."""
    while position < end:
        start = position
        tag, position = _read_varint(message, position)
        begin, kind = position, tag & 7
        if kind == _VARINT:
            _, position = _read_varint(message, position)
        elif kind == _DELIMITED:
            length, begin = _read_varint(message, position)
            position = begin + length
        else:
            position += _FIXED.get(kind, end)
        if position > end:
            raise ValueError("a message is cut off, or damaged")
        yield tag >> 3, start, begin, position


def _varint(value: int) -> bytes:
    if value < 128:
        return _SMALL[value]
    result = bytearray()
    while value > 127:
        result.append(value & 127 | 128)
        value >>= 7
    return bytes([*result, value])


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    # Most numbers are small.
    if position < len(message) and message[position] < 128:
        return message[position], position + 1
    value = 0
    for shift, byte in enumerate(message[position : position + _LONGEST_VARINT]):
        value |= (byte & 127) << 7 * shift
        if byte < 128:
            return value, position + shift + 1
    raise ValueError("a number is cut off, or damaged")
