"""Data sets read by tonic's own code, from small files in their true formats."""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from snncore import data


def nmnist(folder: Path) -> list[tuple[int, int, int, int]]:
    """Write files of N-MNIST: five bytes an event, the time in 23 bits behind the polarity."""
    events = [(100, 3, 4, 1), (70_000, 33, 33, 0), (200_000, 0, 5, 1)]
    encoded = b"".join(
        bytes([x, y, (p << 7) | (t >> 16), (t >> 8) & 255, t & 255]) for t, x, y, p in events
    )
    first = folder / "NMNIST" / "sample.bin.once"
    first.parent.mkdir()
    first.write_bytes(encoded)
    # Tonic looks for as many files as there are digits, which may be one on the disk.
    for label in range(10):
        digits = folder / "NMNIST" / "Test" / str(label)
        digits.mkdir(parents=True)
        for index in range(1000):
            os.link(first, digits / f"{index:05}.bin")
    (folder / "NMNIST" / "test.zip").write_bytes(b"")
    return events


def test_nmnist(tmp_path: Path) -> None:
    events = nmnist(tmp_path)
    frames = data.tonic_dataset("NMNIST", tmp_path, data.by_number(3), train=False)
    assert len(frames) == 10_000
    sample, label = frames[2500]
    assert label == 2
    assert sample.shape == (3, 2, 34, 34)
    for frame, (_, x, y, p) in zip(sample, events, strict=True):
        assert frame.nonzero().tolist() == [[p, y, x]]
    batch, labels = next(iter(data.loader(frames, 4, workers=1)))
    assert batch.shape == (3, 4, 2, 34, 34)
    assert labels.tolist() == [0, 0, 0, 0]


def test_gestures(tmp_path: Path) -> None:
    root = tmp_path / "DVSGesture"
    rows = np.array([[1.0, 2, 1, 5], [127, 64, 0, 9]])
    for user in range(10):
        folder = root / "ibmGestureTest" / f"user{user:02}_led"
        folder.mkdir(parents=True)
        for label in range(10):
            np.save(folder / f"{label}.npy", rows)
    (root / "ibmGestureTest.tar.gz").write_bytes(b"")
    frames = data.tonic_dataset("DVSGesture", tmp_path, data.by_duration(2000), train=False)
    sample, label = frames[37]
    assert 0 <= label < 10
    # From 5 ms to 9 ms are three durations of 2 ms.
    assert sample.shape == (3, 2, 128, 128)
    assert sample.nonzero().tolist() == [[0, 1, 2, 1], [2, 0, 64, 127]]


def test_spoken_digits(tmp_path: Path) -> None:
    folder = tmp_path / "SHD"
    folder.mkdir()
    times = [np.array([0.0, 0.25, 0.5], np.float16), np.array([0.125], np.float16)]
    units = [np.array([699, 0, 3], np.uint16), np.array([7], np.uint16)]
    with h5py.File(folder / "shd_test.h5", "w") as file:
        for name, kind, values in (("times", np.float16, times), ("units", np.uint16, units)):
            rows = file.create_dataset(f"spikes/{name}", (2,), dtype=h5py.vlen_dtype(kind))
            for index, row in enumerate(values):
                rows[index] = row
        file["labels"] = np.array([4, 19])
        file["extra/keys"] = np.array([b"zero"])
        file["extra/speaker"] = np.array([0, 0])
    (folder / "shd_test.h5.zip").write_bytes(b"")
    frames = data.tonic_dataset("SHD", tmp_path, data.by_duration(250_000), train=False)
    sample, label = frames[0]
    assert label == 4
    assert sample.shape == (3, 1, 1, 700)
    # Polarities of this ear are all 1; it has one of them.
    assert sample.nonzero().tolist() == [[0, 0, 0, 699], [1, 0, 0, 0], [2, 0, 0, 3]]


def test_what_tonic_has_not(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="tonic has no data set 'X'; it has ASLDVS, CIFAR10DVS"):
        data.tonic_dataset("X", tmp_path, data.by_number(3))
