"""Responses as arrays: the averages of Huang et al. (2023), and the assemblies of Brain-Score."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from snncore.similarity.recordings.trials import NeuralTrials
from snncore.similarity.tables import Table


def read_averages(
    path: str | os.PathLike[str],
    *,
    ceilings: str | os.PathLike[str] | None = None,
    least: float = 0.0,
) -> Table:
    """Return mean responses (stimuli, units) of an .npy file, as for macaque faces and objects.

    Of an array (stimuli, steps, units), as for the mouse, the steps are averaged. With a file of
    each unit's noise ceiling, units below `least` are left out.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the array has another shape, or no unit is left.
    """
    values = _array(path)
    if values.ndim not in (2, 3):
        raise ValueError(f"{path}: responses are (stimuli, units), not {values.shape}")
    means: Table = values.mean(1) if values.ndim == 3 else values
    if ceilings is None:
        return means
    limits = _array(ceilings).ravel()
    if len(limits) != means.shape[1]:
        raise ValueError(f"{ceilings}: {len(limits)} ceilings for {means.shape[1]} units")
    if not (limits >= least).any():
        raise ValueError(f"{ceilings}: no unit reaches {least}")
    return means[:, limits >= least]


def _array(path: str | os.PathLike[str]) -> Table:
    try:
        values = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise ValueError(f"{path}: is not an array of numbers ({error})") from error
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu":
        raise ValueError(f"{path}: is not an array of numbers")
    return values.astype(np.float64)


def read_assembly(
    path: str | os.PathLike[str], region: str | None = None, *, stimulus: str = "image_id"
) -> tuple[NeuralTrials, tuple[str, ...]]:
    """Return the responses of a netCDF-4 file, and the names of its stimuli in their order.

    The one array of `neuroid` and `presentation` (and perhaps `time_bin`, which is averaged)
    counts. `stimulus` names the variable that says what a presentation showed, and `region` (of
    the variable of that name) which units are taken.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if there is no such array, variable or region.
    """
    import h5py

    file_path = Path(path)
    if not file_path.is_file():
        raise FileNotFoundError(f"{file_path}: is not a file")
    try:
        with h5py.File(file_path, "r") as file:
            values = _presented(file, file_path)
            shown = _words(file, stimulus, file_path)
            regions = None if region is None else _words(file, "region", file_path)
    except OSError as error:
        raise ValueError(f"{file_path}: is not a file of netCDF-4 ({error})") from error
    if regions is not None:
        chosen = [index for index, name in enumerate(regions) if name == region]
        if not chosen:
            names = ", ".join(sorted(set(regions)))
            raise ValueError(f"{file_path}: no units of {region!r}; there are {names}")
        values = values[:, chosen]
    if len(shown) != len(values):
        raise ValueError(f"{file_path}: {len(shown)} names of {len(values)} presentations")
    stimuli, inverse, counts = np.unique(shown, return_inverse=True, return_counts=True)
    responses = np.full((len(stimuli), counts.max(), values.shape[1]), np.nan)
    for index in range(len(stimuli)):
        rows = values[inverse == index]
        responses[index, : len(rows)] = rows
    return NeuralTrials(responses), tuple(str(name) for name in stimuli)


def _presented(file: Any, file_path: Path) -> Table:
    """Return the array of all presentations and units, (presentations, units)."""
    for name in file:
        variable = file[name]
        axes = _axes(variable)
        if {"neuroid", "presentation"} <= set(axes) and len(axes) == len(set(axes)):
            order = [axes.index(axis) for axis in ("presentation", "neuroid")]
            others = [index for index in range(len(axes)) if index not in order]
            values = np.asarray(variable[...], np.float64).transpose(*order, *others)
            means: Table = values.reshape(*values.shape[:2], -1).mean(2)
            return means
    raise ValueError(f"{file_path}: holds no array of neuroid and presentation")


def _axes(variable: Any) -> list[str]:
    """Return the names of a variable's dimensions, as netCDF-4 attaches them."""
    if not hasattr(variable, "dims"):
        return []
    scales = [list(axis.values()) for axis in variable.dims]
    return [each[0].name.rpartition("/")[2] if each else "" for each in scales]


def _words(file: Any, name: str, file_path: Path) -> list[str]:
    if name not in file:
        raise ValueError(f"{file_path}: has no variable {name!r}; it has {', '.join(sorted(file))}")
    values = np.asarray(file[name][...]).ravel()
    return [each.decode("utf-8") if isinstance(each, bytes) else str(each) for each in values]
