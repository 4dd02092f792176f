"""Samples that are a file each, and data sets cut in two."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from snncore.data.events import Events, Size


class Labelled(Protocol):
    """Samples whose labels are known before they are read."""

    @property
    def size(self) -> Size:
        """The sensor's width, height and polarities."""

    @property
    def labels(self) -> Sequence[int]:
        """The label of each sample."""

    def __getitem__(self, index: int) -> tuple[Events, int]:
        """Return the events and the label of a sample."""


class EventFiles:
    """Samples that are a file of events each, read when they are asked for.

    Raises:
        FileNotFoundError: if the folder has none.
    """

    size: ClassVar[Size]
    classes: tuple[str, ...]

    def __init__(
        self, folder: Path, classes: Sequence[str], samples: Iterable[tuple[Path, int]]
    ) -> None:
        pairs = list(samples)
        if not pairs:
            raise FileNotFoundError(f"{folder}: holds no sample of {type(self).__name__}")
        self.classes = tuple(classes)
        self.paths = tuple(path for path, _ in pairs)
        self.labels: tuple[int, ...] = tuple(label for _, label in pairs)

    def read(self, path: Path) -> Events:
        """Return the events of a file."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Events, int]:
        return self.read(self.paths[index]), self.labels[index]


class Part:
    """Some samples of a data set, by their indices."""

    def __init__(self, whole: Labelled, indices: Sequence[int]) -> None:
        self.whole, self.indices = whole, tuple(int(index) for index in indices)

    @property
    def size(self) -> Size:
        """The sensor's width, height and polarities."""
        return self.whole.size

    @property
    def labels(self) -> tuple[int, ...]:
        """The label of each sample."""
        return tuple(self.whole.labels[index] for index in self.indices)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> tuple[Events, int]:
        return self.whole[self.indices[index]]


def split(whole: Labelled, share: float = 0.9, *, seed: int | None = None) -> tuple[Part, Part]:
    """Cut a data set in two, the first with this share of each class.

    Without a seed the first samples of a class are the first part's, else the seed draws them.

    Raises:
        ValueError: if the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"split: a share of {share} (between 0 and 1)")
    labels = np.asarray(whole.labels)
    first: list[int] = []
    second: list[int] = []
    random: Any = None if seed is None else np.random.default_rng(seed)
    for label in np.unique(labels):
        indices = np.flatnonzero(labels == label)
        if random is not None:
            indices = random.permutation(indices)
        # At least one, and as many as a count of whole samples allows.
        count = max(1, round(share * len(indices)))
        first += indices[:count].tolist()
        second += indices[count:].tolist()
    return Part(whole, sorted(first)), Part(whole, sorted(second))


def below(folder: str | os.PathLike[str], *names: str) -> Path:
    """Return the folder of this name in a folder, or the folder itself where the name is its own.

    Raises:
        FileNotFoundError: if neither is there.
    """
    root = Path(folder)
    for name in names:
        inner = root / name
        if inner.is_dir():
            return inner
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: is not a folder")
    return root


def by_folder(root: Path, suffix: str) -> tuple[tuple[str, ...], list[tuple[Path, int]]]:
    """Return the classes, which folders are named after, and their files, in alphabetical order."""
    folders = sorted(path for path in root.iterdir() if path.is_dir())
    folders = [each for each in folders if any(each.glob(f"*{suffix}"))]
    samples = [
        (path, label)
        for label, folder in enumerate(folders)
        for path in sorted(folder.glob(f"*{suffix}"))
    ]
    return tuple(folder.name for folder in folders), samples
