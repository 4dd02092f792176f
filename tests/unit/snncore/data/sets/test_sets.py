"""The published data sets, read from small files that are written here in their true formats."""

import copy
import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from snncore import data

# Time, x, y, polarity.
ROWS = [(100, 3, 4, 1), (70_000, 33, 30, 0), (200_000, 0, 5, 1)]


def rows_of(recording: data.Events) -> list[tuple[int, ...]]:
    return [tuple(int(value) for value in row) for row in recording]


def write_atis(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = b"".join(
        bytes([x, y, (p << 7) | (t >> 16), (t >> 8) & 255, t & 255]) for t, x, y, p in ROWS
    )
    path.write_bytes(packed)


def write_aedat2(path: Path) -> None:
    """Write addresses of a sensor that lies on its side, polarity inverted, behind a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    words = b"".join(
        struct.pack(">II", (127 - x) << 8 | (127 - y) << 1 | (1 - p), t) for t, x, y, p in ROWS
    )
    path.write_bytes(b"#!AER-DAT2.0\r\n# int32 address, int32 timestamp\r\n" + words)


def write_td(path: Path, rows: list[tuple[int, int, int, int]], header: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    words = b"".join(
        struct.pack("<Q", t | x << 32 | (239 - y) << 41 | p << 49) for t, x, y, p in rows
    )
    path.write_bytes(header + words)


def test_nmnist(tmp_path: Path) -> None:
    for part, digit, name in (("Train", 7, "1"), ("Train", 0, "2"), ("Test", 4, "3")):
        write_atis(tmp_path / part / str(digit) / f"{name}.bin")
    digits = data.NMNIST(tmp_path)
    assert digits.classes == tuple("0123456789")
    assert digits.labels == (0, 7)
    assert rows_of(digits[1][0]) == ROWS
    assert data.NMNIST(tmp_path, train=False)[0][1] == 4
    frames = data.EventFrames(digits, digits.size, data.by_number(3))
    sample, label = frames[0]
    assert label == 0
    assert sample.nonzero().tolist() == [[i, p, y, x] for i, (_, x, y, p) in enumerate(ROWS)]


def test_ncaltech101(tmp_path: Path) -> None:
    for name in ("airplanes", "BACKGROUND_Google"):
        write_atis(tmp_path / "Caltech101" / name / "image_0001.bin")
    things = data.NCaltech101(tmp_path)
    assert things.classes == ("BACKGROUND_Google", "airplanes")
    assert [things[index][1] for index in range(len(things))] == [0, 1]
    assert rows_of(things[1][0]) == ROWS
    assert things.size == (240, 180, 2)


def test_cifar10_dvs(tmp_path: Path) -> None:
    write_aedat2(tmp_path / "bird" / "cifar10_bird_0.aedat")
    birds = data.CIFAR10DVS(tmp_path)
    assert birds.classes == ("bird",)
    assert rows_of(birds[0][0]) == ROWS


def test_asl_dvs(tmp_path: Path) -> None:
    from scipy.io import savemat

    (tmp_path / "a").mkdir()
    t, x, y, p = (np.array(column)[:, None] for column in zip(*ROWS, strict=True))
    columns = {"ts": t.astype(np.uint32), "x": 239 - x, "y": 179 - y, "pol": p.astype(np.uint8)}
    savemat(tmp_path / "a" / "a_0001.mat", columns)
    letters = data.ASLDVS(tmp_path)
    assert rows_of(letters[0][0]) == ROWS
    savemat(tmp_path / "a" / "a_0001.mat", {"ts": t})
    with pytest.raises(ValueError, match="has no column x, y, pol"):
        letters[0]
    (tmp_path / "a" / "a_0001.mat").write_bytes(b"not a file of MATLAB" * 20)
    with pytest.raises(ValueError, match="is not a file of MATLAB 5"):
        letters[0]


def test_es_imagenet(tmp_path: Path) -> None:
    root = tmp_path / "ES-imagenet-0.18"
    arrays = {
        "pos": np.array([(y, x, 0) for _, x, y, p in ROWS if p == 1], np.uint16),
        "neg": np.array([(y, x, 0) for _, x, y, p in ROWS if p == 0], np.uint16),
    }
    # Times are a few steps there.
    arrays["pos"][:, 2], arrays["neg"][:, 2] = [1, 8], [3]
    for folder, name in (("train/class10", "a"), ("train/class2", "b"), ("val", "c 1")):
        (root / folder).mkdir(parents=True)
        np.savez(root / folder / f"{name}.npz", **arrays)
    (root / "vallabel.txt").write_text("c 1.npz 10\n\n", "utf-8")
    train, val = data.ESImageNet(tmp_path), data.ESImageNet(root, train=False)
    assert train.labels == (2, 10)
    assert len(train.classes) == 11
    assert val.labels == (10,)
    expected = [(t, x, y, p) for t, (_, x, y, p) in zip((1, 3, 8), ROWS, strict=True)]
    assert rows_of(train[0][0]) == rows_of(val[0][0]) == expected
    (root / "vallabel.txt").write_text("c.npz ten\n", "utf-8")
    with pytest.raises(ValueError, match="line 1: 'ten' is not the number of a class"):
        data.ESImageNet(root, train=False)
    np.savez(root / "val" / "c 1.npz", pos=np.zeros((2, 2)), neg=np.zeros((1, 3)))
    with pytest.raises(ValueError, match=r"rows \(y, x, t\) are needed"):
        val[0]


def test_hardvs(tmp_path: Path) -> None:
    for action in ("action_001", "action_300"):
        (tmp_path / action).mkdir()
        t, x, y, p = (np.array(column) for column in zip(*ROWS, strict=True))
        np.savez(tmp_path / action / "dvSave-1.npz", t=t, x=x, y=y, p=p)
    (tmp_path / "train_label.txt").write_text("action_300/dvSave-1 299\n", "utf-8")
    (tmp_path / "val_label.txt").write_text("action_001/dvSave-1 0\n", "utf-8")
    (tmp_path / "test_label.txt").write_text("action_301/dvSave-1 0\n", "utf-8")
    train, val = data.HARDVS(tmp_path), data.HARDVS(tmp_path, "val")
    assert (train.labels, val.labels) == ((299,), (0,))
    assert rows_of(train[0][0]) == ROWS
    assert train.classes[299] == "action_300"
    with pytest.raises(ValueError, match=r"line 1: .* does not begin with action_001/NAME"):
        data.HARDVS(tmp_path, "test")
    with pytest.raises(ValueError, match="no part 'all'"):
        data.HARDVS(tmp_path, "all")


@pytest.mark.parametrize("header", [b"", b"% Data file of events\n% Version 2\n\x00\x08"])
def test_nav_gesture(tmp_path: Path, header: bytes) -> None:
    write_td(tmp_path / "user" / "user_se_1_td.dat", ROWS, header)
    gestures = data.NavGesture(tmp_path)
    sample, label = gestures[0]
    assert gestures.classes[label] == "select"
    assert rows_of(sample) == ROWS


def test_events_before_others_are_left_out(tmp_path: Path) -> None:
    late, early = (9, 1, 2, 0), (5, 3, 4, 1)
    write_td(tmp_path / "user" / "user_le_1_td.dat", [late, early, ROWS[0]], b"")
    assert rows_of(data.NavGesture(tmp_path)[0][0]) == [late, ROWS[0]]


def spoken(path: Path) -> None:
    times = [np.array([0.0, 0.25, 0.5], np.float16), np.array([0.125], np.float16)]
    units = [np.array([699, 0, 3], np.uint16), np.array([7], np.uint16)]
    with h5py.File(path, "w") as file:
        for name, kind, values in (("times", np.float16, times), ("units", np.uint16, units)):
            rows = file.create_dataset(f"spikes/{name}", (2,), dtype=h5py.vlen_dtype(kind))
            for index, row in enumerate(values):
                rows[index] = row
        file["labels"] = np.array([4, 19], np.uint16)
        file["extra/keys"] = np.array([b"zero", b"eins"])
        file["extra/speaker"] = np.array([0, 3])


def test_spoken_digits(tmp_path: Path) -> None:
    spoken(tmp_path / "shd_train.h5")
    digits = data.SpokenEvents(tmp_path / "shd_train.h5")
    expected = [(0, 699, 0, 0), (250_000, 0, 0, 0), (500_000, 3, 0, 0)]
    assert rows_of(digits[0][0]) == expected
    assert (digits.labels, digits.classes) == ((4, 19), ("zero", "eins"))
    # A worker gets a copy, whose file is not open.
    assert rows_of(copy.deepcopy(digits)[0][0]) == expected
    batch, labels = next(
        iter(data.loader(data.EventFrames(digits, digits.size, data.by_duration(250_000)), 2))
    )
    assert batch.shape == (3, 2, 1, 1, 700)
    assert labels.tolist() == [4, 19]
    with pytest.raises(IndexError):
        digits[2]
    (tmp_path / "x.h5").write_bytes(b"x" * 100)
    with pytest.raises(ValueError, match="is not a file of HDF5"):
        data.SpokenEvents(tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["labels"] = [1]
    with pytest.raises(ValueError, match="holds no spikes/times, spikes/units"):
        data.SpokenEvents(tmp_path / "x.h5")


def test_a_split_takes_a_share_of_every_class(tmp_path: Path) -> None:
    for digit in ("a", "b"):
        for index in range(10):
            write_atis(tmp_path / digit / f"{index}.bin")
    whole = data.NCaltech101(tmp_path)
    first, second = data.split(whole, 0.8)
    assert first.indices == (*range(8), *range(10, 18))
    assert second.labels == (0, 0, 1, 1)
    assert rows_of(second[0][0]) == ROWS
    drawn, rest = data.split(whole, 0.8, seed=1)
    assert drawn.indices == data.split(whole, 0.8, seed=1)[0].indices != first.indices
    assert sorted(drawn.indices + rest.indices) == list(range(20))
    assert drawn.labels.count(0) == 8
    with pytest.raises(ValueError, match="a share of 1"):
        data.split(whole, 1.0)


@pytest.mark.parametrize(
    ("read", "content", "words"),
    [
        (data.read_atis, b"abcd", "4 bytes are not events of 5"),
        (data.read_td, b"% header", "header does not end"),
        (data.read_td, b"% header\n\x00\x04", "not of 8 bytes"),
        (data.read_td, b"abc", "3 bytes are not events of 8"),
        (data.read_aedat2, b"#!AER-DAT3.1\n", "not a recording in AEDAT 2.0"),
        (data.read_aedat2, b"#!AER-DAT2.0\n# so", "header does not end"),
        (data.read_aedat2, b"#!AER-DAT2.0\nabc", "3 bytes are not events of 8"),
    ],
)
def test_damaged_files_are_refused(
    read: Callable[[Path], object], content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read(tmp_path / "file")


@pytest.mark.parametrize("kind", [data.NMNIST, data.NCaltech101, data.ASLDVS, data.NavGesture])
def test_an_empty_folder_is_refused(kind: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        kind(tmp_path)
