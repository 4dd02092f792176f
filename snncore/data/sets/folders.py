"""Data sets with a folder for each class."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from snncore.data.events import Events, Size
from snncore.data.formats import read_aedat2, read_atis, read_mat
from snncore.data.sets.files import EventFiles, below, by_folder

Folder = str | os.PathLike[str]


class NMNIST(EventFiles):
    """N-MNIST (Orchard et al. 2015): digits in front of a moving camera.

    The folder holds `Train/0` to `Train/9` and the same below `Test`, with .bin files.

    Raises:
        FileNotFoundError: if a folder is missing, or empty.
        ValueError: if a folder is not named after a digit.
    """

    size: ClassVar[Size] = (34, 34, 2)

    def __init__(self, folder: Folder, *, train: bool = True) -> None:
        root = below(folder) / ("Train" if train else "Test")
        names, samples = by_folder(below(root), ".bin")
        digits = [str(digit) for digit in range(10)]
        unknown = sorted(set(names) - set(digits))
        if unknown:
            raise ValueError(f"{root / unknown[0]}: is not named after a digit")
        super().__init__(root, digits, [(path, int(names[label])) for path, label in samples])

    def read(self, path: Path) -> Events:
        """Return the events of a file."""
        return read_atis(path)


class NCaltech101(EventFiles):
    """N-Caltech101 (Orchard et al. 2015): a folder of .bin files for each class, without a split.

    Samples differ in size; none is larger than the sensor.
    """

    size: ClassVar[Size] = (240, 180, 2)

    def __init__(self, folder: Folder) -> None:
        root = below(folder, "Caltech101")
        super().__init__(root, *by_folder(root, ".bin"))

    def read(self, path: Path) -> Events:
        """Return the events of a file."""
        return read_atis(path)


class CIFAR10DVS(EventFiles):
    """CIFAR10-DVS (Li et al. 2017): a folder of .aedat files for each class, without a split.

    Events are turned so that images stand upright.
    """

    size: ClassVar[Size] = (128, 128, 2)

    def __init__(self, folder: Folder) -> None:
        root = below(folder)
        super().__init__(root, *by_folder(root, ".aedat"))

    def read(self, path: Path) -> Events:
        """Return the events of a file."""
        lying = read_aedat2(path)
        upright = lying.copy()
        upright["x"], upright["y"] = 127 - lying["y"], 127 - lying["x"]
        return upright


class ASLDVS(EventFiles):
    """ASL-DVS (Bi et al. 2019): hands that spell; a folder of .mat files for each of 24 letters.

    Raises:
        ImportError: when a sample is read, if SciPy is not installed.
    """

    size: ClassVar[Size] = (240, 180, 2)

    def __init__(self, folder: Folder) -> None:
        root = below(folder)
        super().__init__(root, *by_folder(root, ".mat"))

    def read(self, path: Path) -> Events:
        """Return the events of a file."""
        return read_mat(path)
