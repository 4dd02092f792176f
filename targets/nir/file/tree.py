"""The content of an HDF5 file as a tree: groups by name, arrays, texts and pairs of names."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.narrow import row_pieces
from neurodeploy.errors import NeurodeployError

Edges: TypeAlias = tuple[tuple[str, str], ...]
# Of a node's name, in letters.
LONGEST_NAME = 1 << 10


@dataclass(frozen=True, eq=False)
class Scaled:
    """Whole numbers times a power of two, which become floats when they are written."""

    integers: NDArray[Any]
    exponent: int

    def floats(self, rows: slice = slice(None)) -> NDArray[np.float32]:
        """Return some of the rows."""
        scaled: NDArray[np.float32] = np.ldexp(
            self.integers[rows].astype(np.float32), self.exponent
        )
        return scaled


Leaf: TypeAlias = NDArray[Any] | Scaled | str | Edges
Tree: TypeAlias = Mapping[str, "Leaf | Tree"]


def h5py_module() -> Any:
    """Import the library that reads and writes the format.

    Raises:
        NeurodeployError: if it is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise NeurodeployError(
            "the target nir needs h5py", remedy="python -m pip install h5py"
        ) from error
    return h5py


def file_of(tree: Tree, attributes: Mapping[str, Mapping[str, Any]] | None = None) -> bytes:
    """Return the file of a tree; attributes go by the path of their group."""
    h5py = h5py_module()
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        _write(file, tree)
        for path, values in (attributes or {}).items():
            for key, value in values.items():
                file[path].attrs[key] = value
    return image.getvalue()


def _write(group: Any, tree: Tree) -> None:
    # Texts have a fixed length: HDF5 hangs on damaged heaps, where those of any length stand.
    for key, value in tree.items():
        if isinstance(value, Mapping):
            _write(group.create_group(key), value)
        elif isinstance(value, str):
            group.create_dataset(key, data=np.bytes_(value.encode("ascii")))
        elif isinstance(value, tuple):
            group.create_dataset(key, data=np.array(value, dtype=np.bytes_))
        elif isinstance(value, Scaled):
            dataset = group.create_dataset(key, value.integers.shape, dtype=np.float32)
            for rows in row_pieces(value.integers):
                dataset[rows] = value.floats(rows)
        else:
            group.create_dataset(key, data=value)
