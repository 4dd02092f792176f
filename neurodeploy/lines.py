"""Lines of the user's code: the one that runs now, and the one that raised an error."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

_OURS = Path(__file__).parents[1]
_ROOMS = tuple(str(_OURS / name) for name in ("neurodeploy", "quant", "snncore", "targets"))


def current_line() -> str:
    """Return the file, the number and the text of the user's line that runs now."""
    return _users_line(_outwards(sys._getframe(1)))


def raised_line(error: BaseException) -> str:
    """Return the file, the number and the text of the user's line that raised an error."""
    frames = []
    traceback = error.__traceback__
    while traceback is not None:
        frames.append((traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    return _users_line(reversed(frames))


def code_place(function: Any) -> str:
    """Return the file and the number of the line where a function begins."""
    code = getattr(function, "__code__", None)
    return "no file" if code is None else f"{Path(code.co_filename).name}:{code.co_firstlineno}"


def _outwards(frame: FrameType | None) -> Iterator[tuple[str, int]]:
    while frame is not None:
        yield frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back


def _users_line(places: Iterator[tuple[str, int]]) -> str:
    """Return the innermost line that is neither torch's nor ours, best not a package's either."""
    nearest = ""
    for file, number in places:
        if file.startswith((*_ROOMS, _torch(), "<")):
            continue
        if "site-packages" not in file:
            return _spelled(file, number)
        nearest = nearest or _spelled(file, number)
    return nearest


@cache
def _torch() -> str:
    spec = find_spec("torch")
    return str(Path(spec.origin).parent) if spec is not None and spec.origin else "<"


def _spelled(file: str, number: int) -> str:
    text = linecache.getline(file, number).strip()
    return f"{Path(file).name}:{number}" + (f": {text}" if text else "")
