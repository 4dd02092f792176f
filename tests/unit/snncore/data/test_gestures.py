"""DVS Gesture as its archive unpacks: recordings in their true format, read by tonic's own code."""

import gc
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from snncore import data

HEADER = (
    b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n"
    b"#Start-Time: 2016-07-05 16:57:06 (TZ+0200)\r\n#!END-HEADER\r\n"
)
Row = tuple[int, int, int, int]


def packet(rows: list[Row], valid: int = 1) -> bytes:
    """Return a packet of polarity events (t, x, y, p): 28 bytes about it, then eight an event."""
    head = struct.pack("<hhiiiiii", 1, 1, 8, 4, 0, len(rows), len(rows), len(rows))
    words = [((x << 17) | (y << 2) | (p << 1) | valid, t) for t, x, y, p in rows]
    return head + b"".join(struct.pack("<II", *word) for word in words)


def recording(folder: Path, name: str, rows: list[Row], labels: str) -> None:
    """Write a recording in two packets, an invalid event, and its table."""
    half = len(rows) // 2
    invalid = packet([(rows[0][0], 9, 9, 1)], valid=0)
    packets = packet(rows[:half]) + invalid + packet(rows[half:])
    (folder / f"{name}.aedat").write_bytes(HEADER + packets)
    table = f"class, startTime_usec, endTime_usec\n{labels}"
    (folder / f"{name}_labels.csv").write_text(table, "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [(1000 * step, step, 127 - step, step % 2) for step in range(100)]
    recording(tmp_path, "user01_led", rows, "3,10000,20000\n11,50000,60000\n\n")
    recording(tmp_path, "user02_lab", [(t + 5, x, y, p) for t, x, y, p in rows], "1,0,100000\n")
    recording(tmp_path, "user24_led", rows, "7,30000,40000\n")
    (tmp_path / "trials_to_train.txt").write_text("user01_led.aedat\nuser02_lab.aedat\n\n", "utf-8")
    (tmp_path / "trials_to_test.txt").write_text("user24_led.aedat\n", "utf-8")
    return tmp_path


def test_gestures_are_cut_from_their_recordings(folder: Path) -> None:
    train, test = data.DVSGestures(folder), data.DVSGestures(folder, train=False)
    assert (len(train), len(test)) == (3, 1)
    assert [train[index][1] for index in range(3)] == [2, 10, 0]
    assert data.GESTURES[test[0][1]] == "left arm counterclockwise"
    first, _ = train[0]
    assert first["t"].tolist() == list(range(10_000, 20_000, 1000))
    assert first["x"].tolist() == list(range(10, 20))
    assert first["y"].tolist() == list(range(117, 107, -1))
    assert first["p"].tolist() == [0, 1] * 5
    # The third is another recording, whole but for the invalid event; then the first again.
    assert len(train[2][0]) == 100
    assert np.array_equal(train[0][0], first)


def test_they_become_frames(folder: Path) -> None:
    source = data.DVSGestures(folder)
    frames = data.EventFrames(source, source.size, data.by_time(5))
    sample, label = frames[0]
    assert label == 2
    assert sample.shape == (5, 2, 128, 128)
    assert sample.flatten(1).sum(1).tolist() == [2] * 5


def test_a_folder_of_something_else_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"trials_to_train\.txt: DVS Gesture lists"):
        data.DVSGestures(tmp_path)


@pytest.mark.parametrize("name", ["user01_led.aedat", "user01_led_labels.csv"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=name.replace(".", r"\.")):
        data.DVSGestures(folder)


@pytest.mark.parametrize("row", ["12,0,5", "1,5,5", "1,5", "clap,0,5"])
def test_a_bad_table_is_named_by_line(folder: Path, row: str) -> None:
    table = folder / "user01_led_labels.csv"
    table.write_text(f"{table.read_text('utf-8').strip()}\n{row}\n", "utf-8")
    with pytest.raises(ValueError, match=r"user01_led_labels\.csv, line 4: "):
        data.DVSGestures(folder)


def test_a_list_of_nothing(folder: Path) -> None:
    (folder / "trials_to_test.txt").write_text("\n", "utf-8")
    with pytest.raises(ValueError, match="names no recording with gestures"):
        data.DVSGestures(folder, train=False)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", HEADER.replace(b"3.1", b"2.0")])
def test_a_file_of_another_format_is_named(folder: Path, content: bytes) -> None:
    path = folder / "user24_led.aedat"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"user24_led\.aedat: is not a recording in AEDAT 3\.1"):
        data.read_aedat(path)


# Tonic leaves a file open that it cannot read.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("content", [HEADER, HEADER + b"\1\0\1\0\x08\0"])
def test_a_damaged_recording_is_named(folder: Path, content: bytes) -> None:
    path = folder / "user24_led.aedat"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"user24_led\.aedat: its packets of events are damaged"):
        data.read_aedat(path)
    gc.collect()


def test_without_tonic(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tonic", None)
    with pytest.raises(ImportError, match="come through tonic: python -m pip install tonic"):
        _ = data.DVSGestures(folder)[0]
