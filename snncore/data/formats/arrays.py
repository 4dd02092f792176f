"""Events as arrays of MATLAB and of NumPy."""

from __future__ import annotations

import os

import numpy as np

from snncore.data.events import Events, events


def read_mat(path: str | os.PathLike[str]) -> Events:
    """Return the events of ASL-DVS: columns ts, x, y and pol, of a sensor upside down.

    Raises:
        FileNotFoundError: if there is no such file.
        ImportError: if SciPy is not installed.
        ValueError: if the file does not hold these columns.
    """
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise ImportError(
            "files of MATLAB are read by SciPy: python -m pip install scipy"
        ) from error
    names = ("ts", "x", "y", "pol")
    try:
        columns = loadmat(str(path), variable_names=names, appendmat=False)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ValueError(f"{path}: is not a file of MATLAB 5 ({error})") from error
    missing = [name for name in names if name not in columns]
    if missing:
        raise ValueError(f"{path}: has no column {', '.join(missing)}")
    t, x, y, polarity = (np.asarray(columns[name]).ravel().astype(np.int64) for name in names)
    return events(t, 239 - x, 179 - y, polarity)


def read_signed_npz(path: str | os.PathLike[str]) -> Events:
    """Return the events of ES-ImageNet: rows (y, x, t) of the array `pos`, and of `neg`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the arrays are not there.
    """
    with np.load(path, allow_pickle=False) as file:
        missing = [name for name in ("pos", "neg") if name not in file.files]
        if missing:
            raise ValueError(f"{path}: has no array {', '.join(missing)}")
        brighter, darker = file["pos"], file["neg"]
    for rows in (brighter, darker):
        if rows.ndim != 2 or rows.shape[1] != 3:
            raise ValueError(f"{path}: rows (y, x, t) are needed, and these are {rows.shape}")
    y, x, t = np.concatenate([brighter, darker]).astype(np.int64).T
    polarity = np.repeat([1, 0], [len(brighter), len(darker)])
    return events(t, x, y, polarity)
