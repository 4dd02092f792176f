"""Spoken digits and commands as spikes of a cochlea (Cramer et al. 2022)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from snncore.data.events import Events, Size, events

_CHANNELS = 700


class SpokenEvents:
    """The samples of one file of SHD or SSC, such as `shd_train.h5` or `ssc_valid.h5`.

    Times are in microseconds, `x` is the channel, and there is one polarity.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it does not hold spikes and labels.
    """

    size: Size = (_CHANNELS, 1, 1)

    def __init__(self, path: str | os.PathLike[str]) -> None:
        import h5py

        self.path = Path(path)
        if not self.path.is_file():
            raise FileNotFoundError(f"{self.path}: is not a file")
        try:
            with h5py.File(self.path, "r") as file:
                names = ("labels", "spikes/times", "spikes/units")
                missing = [name for name in names if name not in file]
                if missing:
                    raise ValueError(f"{self.path}: holds no {', '.join(missing)}")
                counts = {name: len(file[name]) for name in names}
                if len(set(counts.values())) > 1:
                    raise ValueError(f"{self.path}: its columns differ in length: {counts}")
                self.labels = tuple(int(label) for label in file["labels"][:])
                keys = file["extra/keys"][:] if "extra/keys" in file else ()
                self.speakers = file["extra/speaker"][:] if "extra/speaker" in file else None
        except OSError as error:
            raise ValueError(f"{self.path}: is not a file of HDF5 ({error})") from error
        self.classes = tuple(_word(key) for key in keys)
        self._file: Any = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Events, int]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"spoken events: {index} is not below {len(self)}")
        if self._file is None:
            import h5py

            # Each worker opens the file for itself.
            self._file = h5py.File(self.path, "r")
        index %= len(self)
        seconds = np.asarray(self._file["spikes/times"][index], np.float64)
        units = np.asarray(self._file["spikes/units"][index], np.int64)
        return events(np.rint(seconds * 1e6).astype(np.int64), units), self.labels[index]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_file": None}


def _word(key: Any) -> str:
    return key.decode("utf-8") if isinstance(key, bytes) else str(key)
