"""The line of the user's code that runs now."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import FrameType

import torch

_TORCH = str(Path(torch.__file__).parent)
_OURS = str(Path(__file__).parents[1])


def current_line() -> str:
    """Return the file, the number and the text of the user's line that runs now.

    It is the innermost line that is neither torch's nor ours, if possible not a package's either.
    """
    frame: FrameType | None = sys._getframe(1)
    nearest: FrameType | None = None
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_TORCH, _OURS, "<")):
            nearest = nearest or frame
            if "site-packages" not in file:
                return _spelled(frame)
        frame = frame.f_back
    return _spelled(nearest) if nearest is not None else ""


def _spelled(frame: FrameType) -> str:
    file, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, number).strip()
    return f"{Path(file).name}:{number}" + (f": {text}" if text else "")
