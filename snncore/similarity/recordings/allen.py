"""Allen Brain Observatory, Visual Coding by Neuropixels: sessions in NWB 2, which is HDF5."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snncore.similarity.recordings.trials import NeuralTrials
from snncore.similarity.tables import Table

_SCENES = "intervals/natural_scenes_presentations"
_UNITS = ("units/spike_times", "units/spike_times_index", "units/peak_channel_id")
_ELECTRODES = "general/extracellular_ephys/electrodes"
# A grey screen between scenes.
_BLANK = -1


def allen_scenes(
    path: str | os.PathLike[str], region: str, *, window: tuple[float, float] = (0.0, 0.25)
) -> NeuralTrials:
    """Return the spikes a second of a region's units ("VISp") for each natural scene and repeat.

    Spikes count in a window of seconds after a scene begins. Scenes are in the order of their
    numbers, and blank screens are left out.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the session showed no scenes, or has no units of this region.
    """
    import h5py

    file_path = Path(path)
    if not file_path.is_file():
        raise FileNotFoundError(f"{file_path}: is not a file")
    first, last = window
    if not first < last:
        raise ValueError(f"{file_path}: a window from {first} to {last} (in this order)")
    try:
        with h5py.File(file_path, "r") as file:
            names = (*_UNITS, f"{_ELECTRODES}/id", f"{_ELECTRODES}/location")
            missing = [name for name in (*names, _SCENES) if name not in file]
            if missing:
                raise ValueError(f"{file_path}: holds no {', '.join(missing)}")
            trains = _trains(file, region, file_path)
            scenes, starts = _shown(file[_SCENES])
    except OSError as error:
        raise ValueError(f"{file_path}: is not a file of HDF5 ({error})") from error
    rates = np.stack([_rates(train, starts, first, last) for train in trains], 1)
    return NeuralTrials(_by_scene(scenes, rates))


def _trains(file: Any, region: str, file_path: Path) -> list[NDArray[np.float64]]:
    """Return the times of the spikes of a region's units."""
    locations = [_word(each) for each in file[f"{_ELECTRODES}/location"][:]]
    ids = file[f"{_ELECTRODES}/id"][:].tolist()
    where = dict(zip(ids, locations, strict=True))
    channels = file["units/peak_channel_id"][:].tolist()
    chosen = [unit for unit, channel in enumerate(channels) if where.get(channel) == region]
    if not chosen:
        regions = sorted({where[channel] for channel in channels if channel in where})
        raise ValueError(f"{file_path}: no units of {region!r}; there are {', '.join(regions)}")
    ends = file["units/spike_times_index"][:].astype(np.int64)
    begins = np.concatenate([[0], ends[:-1]])
    times = file["units/spike_times"]
    return [np.sort(np.asarray(times[begins[unit] : ends[unit]], float)) for unit in chosen]


def _shown(scenes: Any) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the number and the beginning of each scene that was shown."""
    numbers = np.asarray([float(_word(each)) for each in scenes["frame"][:]])
    starts = np.asarray(scenes["start_time"][:], float)
    shown = np.isfinite(numbers) & (numbers != _BLANK)
    return numbers[shown].astype(np.int64), starts[shown]


def _rates(
    train: NDArray[np.float64], starts: NDArray[np.float64], first: float, last: float
) -> NDArray[np.float64]:
    counts = np.searchsorted(train, starts + last) - np.searchsorted(train, starts + first)
    rates: NDArray[np.float64] = counts / (last - first)
    return rates


def _by_scene(scenes: NDArray[np.int64], rates: Table) -> Table:
    """Return rates (scenes, repeats, units), filled up with NaN."""
    numbers, counts = np.unique(scenes, return_counts=True)
    table = np.full((len(numbers), counts.max(initial=0), rates.shape[1]), np.nan)
    for index, number in enumerate(numbers):
        rows = rates[scenes == number]
        table[index, : len(rows)] = rows
    return table


def _word(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)
