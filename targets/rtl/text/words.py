"""Words of Verilog: comments, ports, and files of numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.printing.verilog import bits_of

Block = list[str]


def comment(text: str) -> str:
    """Return a text in ASCII that cannot end a comment, or begin another."""
    plain = text.encode("ascii", "backslashreplace").decode()
    return plain.replace("*/", "* /").replace("/*", "/ *").replace("`", "'")


def indented(lines: Iterable[str]) -> Block:
    """Return lines one level further in."""
    return [f"    {line}" if line else line for line in lines]


def index_bits(count: int) -> int:
    """Return the width of an unsigned wire that counts from 0 to before a number."""
    return max((count - 1).bit_length(), 1)


def module(name: str, ports: Iterable[str], body: Iterable[str]) -> Block:
    """Return a module."""
    head = [f"module {name}(", ",\n".join(f"    {port}" for port in ports), ");"]
    return [*head, *indented(body), "endmodule", ""]


def width_of(values: NDArray[Any]) -> int:
    """Return the width of a ROM that holds signed values."""
    if values.size == 0:
        return 1
    return bits_of(Interval(int(values.min()), int(values.max())))


def rom_text(values: NDArray[Any]) -> str:
    """Return signed values as $readmemh reads them: one in two's complement a line."""
    bits = width_of(values)
    digits, mask = -(-bits // 4), (1 << bits) - 1
    return "".join(f"{value & mask:0{digits}x}\n" for value in values.reshape(-1).tolist())


def rom_values(text: str, bits: int) -> NDArray[np.int64]:
    """Return the signed values of a ROM's file.

    Raises:
        ValueError: if a line is not a number of this width.
    """
    half, values = 1 << (bits - 1), []
    for line in text.split("\n")[:-1]:
        # int() would take signs, spaces and underscores.
        if not line or set(line) - set("0123456789abcdef") or len(line) > 16:
            raise ValueError(f"{line!r:.40} is not a number")
        value = int(line, 16)
        if value >= 2 * half:
            raise ValueError(f"{line} does not fit {bits} bits")
        values.append(value - 2 * half if value >= half else value)
    return np.asarray(values, np.int64)
