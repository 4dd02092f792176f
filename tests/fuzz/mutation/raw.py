"""Bytes changed without knowing what they mean."""

from collections.abc import Callable
from random import Random

Change = Callable[[bytes, Random], bytes]
# Numbers where programs forget to look.
EXTREMES = (0, 1, 2, 7, 127, 128, 255, 256, 4095, 32767, 32768, 65535, 65536, 2**24, 2**26)
EXTREMES += (2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
WORDS = (b"\0" * 16, b"\xff" * 16, b"[" * 300, b"NaN", b"../../", b"PK\3\4", b"\x93NUMPY\1\0")


def changed(content: bytes, random: Random) -> bytes:
    """Return the bytes with one to four faults."""
    buffer = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        random.choice(_CHANGES)(buffer, random)
    return bytes(buffer)


def attempted(change: Change, content: bytes, random: Random) -> bytes:
    """Change the bytes by their format, or blindly if the change fails."""
    try:
        return change(content, random)
    # Two changes may conflict: one may remove what the other edits.
    except Exception:  # noqa: BLE001
        return changed(content, random)


def _position(buffer: bytearray, random: Random) -> int:
    if not buffer:
        buffer += b"\0"
    # Half of the changes are where a format says what it is.
    end = len(buffer) if random.random() < 0.5 else min(len(buffer), 512)
    return random.randrange(end)


def _flip(buffer: bytearray, random: Random) -> None:
    buffer[_position(buffer, random)] ^= 1 << random.randrange(8)


def _replace(buffer: bytearray, random: Random) -> None:
    buffer[_position(buffer, random)] = random.choice(
        (0, 1, 0x7F, 0x80, 0xFF, random.randrange(256))
    )


def _number(buffer: bytearray, random: Random) -> None:
    position, width = _position(buffer, random), random.choice((1, 2, 4, 8))
    value = random.choice(EXTREMES) % (1 << 8 * width)
    buffer[position : position + width] = value.to_bytes(width, random.choice(("little", "big")))


def _cut(buffer: bytearray, random: Random) -> None:
    del buffer[_position(buffer, random) :]


def _remove(buffer: bytearray, random: Random) -> None:
    position = _position(buffer, random)
    del buffer[position : position + random.choice((1, 2, 8, 100))]


def _insert(buffer: bytearray, random: Random) -> None:
    position = _position(buffer, random)
    buffer[position:position] = random.choice((*WORDS, random.randbytes(random.randrange(1, 40))))


def _repeat(buffer: bytearray, random: Random) -> None:
    position, length = _position(buffer, random), random.choice((1, 8, 64, 1000))
    buffer[position:position] = buffer[position : position + length] * random.choice((1, 2, 20))


def _exchange(buffer: bytearray, random: Random) -> None:
    first, second, length = (
        _position(buffer, random),
        _position(buffer, random),
        random.choice((1, 4, 16)),
    )
    buffer[first : first + length] = buffer[second : second + length]


def _append(buffer: bytearray, random: Random) -> None:
    buffer += random.choice(WORDS) * random.choice((1, 1, 50))


_CHANGES: tuple[Callable[[bytearray, Random], None], ...] = (
    _flip,
    _flip,
    _replace,
    _number,
    _number,
    _cut,
    _remove,
    _insert,
    _repeat,
    _exchange,
    _append,
)
