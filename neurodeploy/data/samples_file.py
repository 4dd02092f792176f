"""Sample files, NumPy's .npz and .npy, whose sizes are known before their numbers are read."""

from __future__ import annotations

import io
import math
import os
import warnings
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.archive import DAMAGE, Archive, fill, opened_archive
from neurodeploy.data.files import REMEDIES
from neurodeploy.data.reading import regular_file, require_room
from neurodeploy.errors import SamplesError

# A member compressed to a hundredth of its size may be no larger than this.
PACKED_BYTES = 2 << 30
_RATIO = 100
_MAGIC = b"\x93NUMPY"
# NumPy does not read longer ones either.
_HEADER_BYTES = 10_000
_WRITE_AGAIN = "write it with numpy.savez(file, samples=...) or numpy.save, as numbers"


def read_samples(
    path: str | os.PathLike[str], *, any_order: bool = False
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return samples (T, N, ...) and optional labels from an .npz or .npy file.

    In any order, the labels may be as many as either of the first two axes is long.

    Raises:
        SamplesError: if the file is missing, damaged, too large, or holds no samples.
    """
    file = Path(path)
    arrays = _arrays(file)
    if "samples" not in arrays:
        raise SamplesError(
            f"{file}: has no array called samples", remedy="numpy.savez(file, samples=...)"
        )
    samples, labels = arrays["samples"], arrays.get("labels")
    if labels is not None:
        is_whole, count = labels.dtype.kind in "biu", samples.shape[1:2]
        first = any_order and labels.shape == samples.shape[:1]
        if not (labels.shape == count or first) or not is_whole:
            actual = f"{labels.dtype} {labels.shape}"
            raise SamplesError(
                f"{file}: labels are {actual}, not whole numbers {count}",
                remedy="give one whole number for each sample, or leave them out",
            )
    return samples, labels


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the requested arrays of an .npz, or the array of an .npy as samples."""
    try:
        with regular_file(path) as (file, size):
            if file.read(len(_MAGIC)) == _MAGIC:
                file.seek(0)
                require_room(path, size)
                return {"samples": _array(file, size)}
            with opened_archive(file) as archive:
                names = {name.removesuffix(".npy"): name for name in archive.members}
                return {
                    key: _member(archive, names[key], path)
                    for key in ("samples", "labels")
                    if key in names
                }
    except FileNotFoundError as error:
        raise SamplesError(
            f"{path}: there is no such file", remedy="name an existing file"
        ) from error
    except OSError as error:
        raise SamplesError(
            f"{path}: cannot be read: {error.strerror or error}",
            remedy=REMEDIES.get(error.errno or 0, _WRITE_AGAIN),
        ) from error
    except DAMAGE as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SamplesError(
            f"{path}: is not an .npz or .npy of numbers: {words[:200]}", remedy=_WRITE_AGAIN
        ) from error


def _member(archive: Archive, name: str, path: Path) -> NDArray[Any]:
    member = archive.members[name]
    size, packed = member.file_size, member.compress_size
    if size > PACKED_BYTES and size > _RATIO * packed:
        raise zipfile.BadZipFile(
            f"{name}: unpacks {packed:,} bytes to {size:,}, but at most {PACKED_BYTES:,} are "
            f"allowed beyond a ratio of {_RATIO} (do not compress it, or use a smaller type)"
        )
    require_room(path, size)
    with archive.open(name) as file:
        return _array(file, size)


def _array(file: IO[bytes], size: int) -> NDArray[Any]:
    """Return the array in a file of so many bytes, if its header accounts for every byte."""
    shape, in_columns, kind = _header(file)
    if kind.hasobject:
        raise ValueError("it holds Python objects, which are never read")
    if kind.kind not in "biuf":
        raise ValueError(f"it holds {kind}, not numbers")
    bytes_of_numbers = math.prod(shape) * kind.itemsize
    if any(length < 0 for length in shape) or bytes_of_numbers > size:
        raise ValueError(f"its header claims {kind} {shape}, but it has {size:,} bytes")
    array = np.empty(shape, kind, order="F" if in_columns else "C")
    # NumPy's own access to the bytes refuses empty arrays.
    fill(array.reshape(-1, order="A").view(np.uint8).data, file)
    return array.astype(kind.newbyteorder("="), copy=False)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return the shape, whether the order is by columns, and the type from a NumPy header."""
    start = file.read(len(_MAGIC) + 2)
    version = tuple(start[len(_MAGIC) :])
    if start[: len(_MAGIC)] != _MAGIC or version not in ((1, 0), (2, 0)):
        raise ValueError("it is not in NumPy's format 1.0 or 2.0")
    length = file.read(2 if version == (1, 0) else 4)
    if int.from_bytes(length, "little") > _HEADER_BYTES:
        raise ValueError("its header is too long")
    text = io.BytesIO(length + file.read(int.from_bytes(length, "little")))
    read = getattr(np.lib.format, f"read_array_header_{version[0]}_0")
    with warnings.catch_warnings():
        # The writer's memory layout does not matter here.
        warnings.simplefilter("ignore")
        try:
            shape, in_columns, kind = read(text)
        # NumPy raises a dozen kinds of exception for damaged headers.
        except Exception as error:
            words = str(error).strip() or type(error).__name__
            raise ValueError(f"its header is damaged: {words}") from error
    return shape, in_columns, kind
