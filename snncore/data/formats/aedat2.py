"""AEDAT 2.0: a header of lines with #, then pairs of an address and a time, high bytes first."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from snncore.data.events import Events, events

_MAGIC = b"#!AER-DAT2.0"


def read_aedat2(path: str | os.PathLike[str]) -> Events:
    """Return the events of a sensor of 128 x 128 pixels: x, y and polarity are as in the file.

    An address has the polarity in its lowest bit (0 is brighter), 7 bits of x and 7 bits of y.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is not such a recording.
    """
    content = Path(path).read_bytes()
    if not content.startswith(_MAGIC):
        raise ValueError(f"{path}: is not a recording in AEDAT 2.0")
    start = 0
    # A first address begins with a zero byte, never with a #.
    while content[start : start + 1] == b"#":
        end = content.find(b"\n", start)
        if end < 0:
            raise ValueError(f"{path}: its header does not end")
        start = end + 1
    if (len(content) - start) % 8:
        raise ValueError(f"{path}: {len(content) - start} bytes are not events of 8")
    words = np.frombuffer(content, ">u4", offset=start).reshape(-1, 2).astype(np.int64)
    address, times = words[:, 0], words[:, 1]
    return events(times, (address >> 1) & 127, (address >> 8) & 127, 1 - (address & 1))
