"""Events of the ATIS: five bytes each (Orchard et al. 2015), or eight in _td.dat files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from snncore.data.events import Events, events

_RIGHTMOST_Y = 239


def read_atis(path: str | os.PathLike[str]) -> Events:
    """Return the events of N-MNIST and N-Caltech101: x, y, and 23 bits of time behind a polarity.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if its length is not that of events.
    """
    content = Path(path).read_bytes()
    if len(content) % 5:
        raise ValueError(f"{path}: {len(content)} bytes are not events of 5")
    rows = np.frombuffer(content, np.uint8).reshape(-1, 5).astype(np.int64)
    x, y, high, middle, low = rows.T
    return events((high & 127) << 16 | middle << 8 | low, x, y, high >> 7)


def read_td(path: str | os.PathLike[str]) -> Events:
    """Return the events of a _td.dat file, whose rows count from the bottom.

    A header of lines with % ends in the type and the size of an event; without one, events begin
    at once. An event is 32 bits of time, 9 of x, 8 of y and one of polarity. Events whose time is
    before that of an event in front of them are damaged and left out.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if events have another size.
    """
    content = Path(path).read_bytes()
    start = 0
    while content[start : start + 1] == b"%":
        end = content.find(b"\n", start)
        if end < 0:
            raise ValueError(f"{path}: its header does not end")
        start = end + 1
    if start:
        if content[start + 1 : start + 2] != b"\x08":
            raise ValueError(f"{path}: its events are not of 8 bytes")
        start += 2
    if (len(content) - start) % 8:
        raise ValueError(f"{path}: {len(content) - start} bytes are not events of 8")
    words = np.frombuffer(content, "<u8", offset=start)
    times = (words & np.uint64(0xFFFFFFFF)).astype(np.int64)
    address = (words >> np.uint64(32)).astype(np.int64)
    in_order = times >= np.maximum.accumulate(times) if len(times) else np.zeros(0, bool)
    x, y, polarity = address & 511, (address >> 9) & 255, (address >> 17) & 1
    columns = (times, x, _RIGHTMOST_Y - y, polarity)
    return events(*(column[in_order] for column in columns))
