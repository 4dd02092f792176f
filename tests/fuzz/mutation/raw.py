"""Bytes changed without knowing what they mean."""

from collections.abc import Callable
from random import Random

Change = Callable[[bytes, Random], bytes]
# Numbers where programs forget to look.
EXTREMES = (0, 1, 2, 7, 127, 128, 255, 256, 4095, 32767, 32768, 65535, 65536, 2**24, 2**26)
EXTREMES += (2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**40, 2**62, 2**63 - 1, 2**63, 2**64 - 1)
WORDS = (b"\0" * 16, b"\xff" * 16, b"[" * 300, b"NaN", b"../../", b"PK\3\4", b"\x93NUMPY\1\0")


def changed(content: bytes, random: Random) -> bytes:
    """The bytes with one to four things wrong."""
    held = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        random.choice(_CHANGES)(held, random)
    return bytes(held)


def attempted(change: Change, content: bytes, random: Random) -> bytes:
    """The bytes changed by those who know the format, or blindly where that cannot be done."""
    try:
        return change(content, random)
    # Two changes may not go together, such as one of a place that the other removed.
    except Exception:  # noqa: BLE001
        return changed(content, random)


def _place(held: bytearray, random: Random) -> int:
    if not held:
        held += b"\0"
    # Half of the changes are where a format says what it is.
    end = len(held) if random.random() < 0.5 else min(len(held), 512)
    return random.randrange(end)


def _flip(held: bytearray, random: Random) -> None:
    held[_place(held, random)] ^= 1 << random.randrange(8)


def _replace(held: bytearray, random: Random) -> None:
    held[_place(held, random)] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))


def _number(held: bytearray, random: Random) -> None:
    place, width = _place(held, random), random.choice((1, 2, 4, 8))
    value = random.choice(EXTREMES) % (1 << 8 * width)
    held[place : place + width] = value.to_bytes(width, random.choice(("little", "big")))


def _cut(held: bytearray, random: Random) -> None:
    del held[_place(held, random) :]


def _remove(held: bytearray, random: Random) -> None:
    place = _place(held, random)
    del held[place : place + random.choice((1, 2, 8, 100))]


def _insert(held: bytearray, random: Random) -> None:
    place = _place(held, random)
    held[place:place] = random.choice((*WORDS, random.randbytes(random.randrange(1, 40))))


def _repeat(held: bytearray, random: Random) -> None:
    place, length = _place(held, random), random.choice((1, 8, 64, 1000))
    held[place:place] = held[place : place + length] * random.choice((1, 2, 20))


def _exchange(held: bytearray, random: Random) -> None:
    first, second, length = _place(held, random), _place(held, random), random.choice((1, 4, 16))
    held[first : first + length] = held[second : second + length]


def _append(held: bytearray, random: Random) -> None:
    held += random.choice(WORDS) * random.choice((1, 1, 50))


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
