"""Data sets whose lists of files, or names of files, say what is seen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from snncore.data.events import Events, Size, load_events
from snncore.data.formats import read_signed_npz, read_td
from snncore.data.sets.files import EventFiles, below

Folder = str | os.PathLike[str]


class ESImageNet(EventFiles):
    """ES-ImageNet (Lin et al. 2021): images that move along a fixed path, from software.

    `train` has a folder `class0`, `class1`, ... for each class, `val` all files side by side, and
    `vallabel.txt` a line for each with its name and class.

    Raises:
        FileNotFoundError: if a folder or the list is missing.
        ValueError: if a folder or a line does not name a class.
    """

    size: ClassVar[Size] = (256, 256, 2)

    def __init__(self, folder: Folder, *, train: bool = True) -> None:
        root = below(folder, "ES-imagenet-0.18")
        samples = _training(root / "train") if train else _validation(root)
        count = 1 + max((label for _, label in samples), default=0)
        super().__init__(root, [f"class{index}" for index in range(count)], samples)

    def read(self, path: Path) -> Events:
        """Return the events of a file."""
        return read_signed_npz(path)


def _training(root: Path) -> list[tuple[Path, int]]:
    folders = [path for path in below(root).iterdir() if path.is_dir()]
    labels = {path: _number(path.name.removeprefix("class"), str(path)) for path in folders}
    return [
        (path, labels[folder])
        for folder in sorted(folders, key=lambda each: labels[each])
        for path in sorted(folder.glob("*.npz"))
    ]


def _validation(root: Path) -> list[tuple[Path, int]]:
    listing = root / "vallabel.txt"
    rows = _rows(listing)
    # Names may hold blanks, so the class is the last word.
    parts = [(row.rpartition(" ")[0], row.rpartition(" ")[2]) for _, row in rows]
    places = [f"{listing}, line {number}" for number, _ in rows]
    return [
        (root / "val" / name, _number(label, where))
        for (name, label), where in zip(parts, places, strict=True)
    ]


class HARDVS(EventFiles):
    """HARDVS (Wang et al. 2024): 300 kinds of human action.

    Folders `action_001` to `action_300` hold .npz files with columns t, x, y and p. The lists
    `train_label.txt`, `val_label.txt` and `test_label.txt` have a line for each sample, which
    begins with `action_001/name`, and perhaps its class, which counts from 0.

    Raises:
        FileNotFoundError: if the list is missing.
        ValueError: if there is no such part, or a line does not name a sample.
    """

    size: ClassVar[Size] = (346, 260, 2)

    def __init__(self, folder: Folder, part: str = "train") -> None:
        if part not in ("train", "val", "test"):
            raise ValueError(f"HARDVS: no part {part!r}; there are train, val and test")
        root = below(folder)
        listing = root / f"{part}_label.txt"
        samples = []
        for number, row in _rows(listing):
            where = f"{listing}, line {number}"
            action, slash, name = row.split()[0].partition("/")
            label = _number(action.removeprefix("action_"), where) - 1
            if not slash or not name or not 0 <= label < 300:
                raise ValueError(f"{where}: {row!r} does not begin with action_001/NAME")
            samples.append((root / action / f"{name.removesuffix('.npz')}.npz", label))
        classes = [f"action_{number:03}" for number in range(1, 301)]
        super().__init__(listing, classes, samples)

    def read(self, path: Path) -> Events:
        """Return the events of a file."""
        return load_events(path)


class NavGesture(EventFiles):
    """NavGesture (Maro et al. 2020): gestures for a phone, of people who sit or walk.

    Each person has a folder of files `person_LABEL_..._td.dat`, without a split; the labels are
    do, ho, le, ri, se and up.

    Raises:
        ValueError: if the name of a file has no label.
    """

    size: ClassVar[Size] = (304, 240, 2)
    labels_in_names = ("le", "ri", "up", "do", "ho", "se")

    def __init__(self, folder: Folder) -> None:
        root = below(folder)
        paths = sorted(root.glob("*/*.dat"))
        samples = [(path, self._label(path)) for path in paths]
        classes = ("left", "right", "up", "down", "home", "select")
        super().__init__(root, classes, samples)

    def _label(self, path: Path) -> int:
        parts = path.stem.split("_")
        if len(parts) < 2 or parts[1] not in self.labels_in_names:
            words = ", ".join(self.labels_in_names)
            raise ValueError(f"{path}: its second part is a label ({words})")
        return self.labels_in_names.index(parts[1])

    def read(self, path: Path) -> Events:
        """Return the events of a file."""
        return read_td(path)


def _rows(listing: Path) -> list[tuple[int, str]]:
    """Return the lines that are not empty, with their numbers.

    Raises:
        FileNotFoundError: if there is no such list.
    """
    if not listing.is_file():
        raise FileNotFoundError(f"{listing}: is not there, and lists the samples")
    lines = enumerate(listing.read_text("utf-8").splitlines(), 1)
    return [(number, line.strip()) for number, line in lines if line.strip()]


def _number(word: str, where: str) -> int:
    try:
        return int(word)
    except ValueError as error:
        raise ValueError(f"{where}: {word!r} is not the number of a class") from error
