"""DVS Gesture as it was recorded: AEDAT 3.1 beside tables of what is seen when."""

from __future__ import annotations

import csv
import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from snncore.data.events import Events, Size, events

GESTURES = (
    "hand clapping",
    "right hand wave",
    "left hand wave",
    "right arm clockwise",
    "right arm counterclockwise",
    "left arm clockwise",
    "left arm counterclockwise",
    "arm roll",
    "air drums",
    "air guitar",
    "other gestures",
)
_PIXELS = 128


@dataclass(frozen=True)
class _Gesture:
    """A part of a recording, in microseconds, and what is seen there."""

    recording: Path
    label: int
    begin: int
    end: int


class DVSGestures:
    """The gestures of IBM's DVS Gesture, cut from recordings that tonic reads.

    The folder is the one that IBM's archive unpacks to: `trials_to_train.txt` and
    `trials_to_test.txt` name recordings, each beside its table of labels. Only the last recording
    stays in memory, so read gestures in their order.

    Raises:
        FileNotFoundError: if a listing, a recording or its table is missing.
        ValueError: if a table does not hold classes and times.
    """

    size: Size = (_PIXELS, _PIXELS, 2)

    def __init__(self, folder: str | os.PathLike[str], *, train: bool = True) -> None:
        root = Path(folder)
        listing = root / f"trials_to_{'train' if train else 'test'}.txt"
        if not listing.is_file():
            raise FileNotFoundError(f"{listing}: DVS Gesture lists its recordings in this file")
        names = [line.strip() for line in listing.read_text("utf-8").splitlines()]
        recordings = [root / name for name in names if name]
        self._gestures = [each for path in recordings for each in _gestures(path)]
        if not self._gestures:
            raise ValueError(f"{listing}: names no recording with gestures")
        self._last: tuple[Path, Events] | None = None

    def __len__(self) -> int:
        return len(self._gestures)

    def __getitem__(self, index: int) -> tuple[Events, int]:
        gesture = self._gestures[index]
        if self._last is None or self._last[0] != gesture.recording:
            self._last = (gesture.recording, read_aedat(gesture.recording))
        whole = self._last[1]
        first, last = np.searchsorted(whole["t"], (gesture.begin, gesture.end))
        return whole[first:last], gesture.label


def _gestures(recording: Path) -> list[_Gesture]:
    """Return the gestures of a recording, whose labels count from 1."""
    table = recording.with_name(f"{recording.stem}_labels.csv")
    for path in (recording, table):
        if not path.is_file():
            raise FileNotFoundError(f"{path}: is not there, and DVS Gesture has it")
    gestures = []
    with table.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(list(csv.reader(file))[1:], 2):
            if not row:
                continue
            try:
                label, begin, end = (int(cell) for cell in row)
            except ValueError as error:
                raise ValueError(f"{table}, line {number}: {row} is not three numbers") from error
            if not 1 <= label <= len(GESTURES) or begin >= end:
                raise ValueError(f"{table}, line {number}: {row} is not a class, a begin, an end")
            gestures.append(_Gesture(recording, label - 1, begin, end))
    return gestures


def read_aedat(path: str | os.PathLike[str]) -> Events:
    """Return the valid events of a recording in AEDAT 3.1 from a sensor of 128 x 128 pixels.

    Raises:
        FileNotFoundError: if there is no such file.
        ImportError: if tonic is not installed.
        ValueError: if the file is not such a recording.
    """
    with open(path, "rb") as file:
        if not file.readline().startswith(b"#!AER-DAT3."):
            raise ValueError(f"{path}: is not a recording in AEDAT 3.1")
    try:
        from tonic import io
    except ImportError as error:
        raise ImportError(
            "recordings of events come through tonic: python -m pip install tonic"
        ) from error
    try:
        version, start, _ = io.read_aedat_header_from_file(str(path))
        packed = io.get_aer_events_from_file(str(path), version, start)
    except (ValueError, struct.error) as error:
        raise ValueError(f"{path}: its packets of events are damaged") from error
    # 15 bits of x, 15 of y, the polarity, and whether the event is valid.
    address = packed["address"].astype(np.int64)
    x, y = address >> 17, (address >> 2) & 0x7FFF
    valid = (address & 1 == 1) & (x < _PIXELS) & (y < _PIXELS)
    columns = (packed["timeStamp"].astype(np.int64), x, y, (address >> 1) & 1)
    return events(*(column[valid] for column in columns))
