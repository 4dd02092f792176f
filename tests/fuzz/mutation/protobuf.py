"""Protocol Buffers changed in a field, with every length around it right again."""

from random import Random

from tests.fuzz.mutation import json_text, raw

# A field: its number, its wire type, and a number, bytes, or the fields within.
Field = tuple[int, int, "int | bytes | list[Field]"]
_TEXTS = (b"", b"..", b"\xff\xfe", b"x" * 300, b"If", b"Loop", b"Scan", b"NaN")
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


def changed(content: bytes, random: Random) -> bytes:
    """Return the message with one fault."""
    if random.random() < 0.2:
        return raw.changed(content, random)
    root: list[Field] = parsed(content) or []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        _change(root, random)
    return encoded(root)


def parsed(content: bytes) -> "list[Field] | None":
    """Return the fields of a message, or None if the bytes are not a message."""
    fields: list[Field] = []
    position = 0
    while position < len(content):
        tag, position = _read(content, position)
        number, wire = tag >> 3, tag & 7
        if number == 0 or wire not in (_VARINT, _EIGHT, _BYTES, _FOUR) or number > 2000:
            return None
        if wire == _VARINT:
            value, position = _read(content, position)
            fields.append((number, wire, value))
            continue
        length = {_EIGHT: 8, _FOUR: 4}.get(wire, 0)
        if wire == _BYTES:
            length, position = _read(content, position)
        payload = content[position : position + length]
        if len(payload) != length:
            return None
        position += length
        # Text is rarely a message by chance; numbers often are.
        within = (
            parsed(payload)
            if wire == _BYTES and len(payload) > 1 and not _is_text(payload)
            else None
        )
        fields.append((number, wire, payload if within is None else within))
    return fields


def encoded(fields: "list[Field]") -> bytes:
    """Return the message of the fields."""
    result = bytearray()
    for number, wire, value in fields:
        result += _varint(number << 3 | wire)
        if wire == _VARINT and isinstance(value, int):
            result += _varint(value)
            continue
        payload = encoded(value) if isinstance(value, list) else bytes(value)
        result += _varint(len(payload)) + payload if wire == _BYTES else payload
    return bytes(result)


def _change(fields: "list[Field]", random: Random) -> None:
    while True:
        if not fields:
            return
        index = random.randrange(len(fields))
        number, wire, value = fields[index]
        if not isinstance(value, list) or random.random() < 0.15:
            break
        fields = value
    kind = random.random()
    if kind < 0.2:
        del fields[index]
    elif kind < 0.35:
        fields[index:index] = [fields[index]] * random.choice((1, 1, 5, 300))
    elif kind < 0.42:
        fields[index] = random.choice((number + 1, 1, 2, 9)), wire, value
    elif kind < 0.5:
        random.shuffle(fields)
    else:
        fields[index] = number, wire, _other(value, random)


def _other(value: "int | bytes | list[Field]", random: Random) -> "int | bytes":
    if isinstance(value, int):
        near = (value + random.choice((1, -1))) % (1 << 64)
        return random.choice((near, *raw.EXTREMES, 1 << 64, (1 << 64) - 1, (1 << 64) - 2))
    content = encoded(value) if isinstance(value, list) else value
    if content.isdigit():
        # A number that is written as text, such as how many steps there are.
        return str(random.choice(raw.EXTREMES)).encode()
    if content[:1] in (b"{", b"["):
        try:
            return json_text.changed(content, random)
        except ValueError:
            return b""
    return random.choice(
        (raw.changed(content, random), random.choice(_TEXTS), content * 2, content[:-1])
    )


def _is_text(content: bytes) -> bool:
    return all(32 <= byte < 127 or byte in (9, 10) for byte in content)


def _varint(value: int) -> bytes:
    result = bytearray()
    while value > 127:
        result.append(value & 127 | 128)
        value >>= 7
    return bytes([*result, value])


def _read(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(content) and shift < 70:
        byte = content[position]
        position += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, position
    return 0, len(content) + 1
