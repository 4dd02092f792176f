"""Words of C: names, comments and arrays of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from numpy.typing import NDArray

from neurodeploy.data.structure import Shape
from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.printing.c99 import number, width_of

Block = list[str]
# Numbers in one line of an array.
_A_LINE = 20


def integer_width(values: NDArray[Any]) -> int:
    """Return the width of the narrowest type that holds the values."""
    if values.size == 0:
        return 8
    return width_of(Interval(int(values.min()), int(values.max())))


def array_lines(name: str, values: NDArray[Any]) -> Iterable[str]:
    """Yield a constant array, which stays in the flash."""
    width, flat = integer_width(values), values.reshape(-1)
    yield f"static const int{width}_t {name}[{flat.size}] = {{"
    for start in range(0, flat.size, _A_LINE):
        row = ", ".join(number(value, width) for value in flat[start : start + _A_LINE].tolist())
        yield f"    {row},"
    yield "};"


def comment(text: str) -> str:
    """Return a text in ASCII that cannot end a comment, begin another or hold a trigraph."""
    plain = text.encode("ascii", "backslashreplace").decode()
    return plain.replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


def indented(lines: Iterable[str]) -> Block:
    """Return lines one level further in."""
    return [f"    {line}" if line else line for line in lines]


def loop(index: str, count: int | str, body: Iterable[str]) -> Block:
    """Return a loop from 0 to before a count."""
    head = f"for ({index} = 0; {index} < {count}; {index}++) {{"
    return [head, *indented(body), "}"]


def nested(counts: Sequence[tuple[str, int]], body: Iterable[str]) -> Block:
    """Return loops within one another, the last the innermost."""
    lines = [*body]
    for index, count in reversed(counts):
        lines = loop(index, count, lines)
    return lines


def function(head: str, indices: Sequence[str], body: Iterable[str]) -> Block:
    """Return a function with its indices declared first."""
    declared = [f"int32_t {', '.join(indices)};"] if indices else []
    return [head, "{", *indented([*declared, *body]), "}", ""]


def index_of(terms: Sequence[tuple[str, int]], first: int = 0) -> str:
    """Return an index as a sum of products; factors of one and a start of zero are left out."""
    parts = [index if factor == 1 else f"{index} * {factor}" for index, factor in terms if factor]
    if first or not parts:
        parts.append(str(first))
    return " + ".join(parts)


def strides_of(shape: Shape) -> tuple[int, ...]:
    """Return the distance between neighbours along each axis, in C order."""
    strides, distance = [], 1
    for length in reversed(shape):
        strides.append(distance)
        distance *= length
    return tuple(reversed(strides))
