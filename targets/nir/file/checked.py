"""A .nir file opened with care: every value has a checked type, every error names its place."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.container.hdf5 import Budget
from neurodeploy.errors import ArtifactError, NeurodeployError
from targets.nir.file.tree import LONGEST_NAME, Edges, Leaf, Scaled, Tree, h5py_module

# More edges than any network has; each is read by itself.
_MOST_EDGES = 1 << 14
# The exceptions of the library, whatever the problem.
_STUMBLES = (
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    ArithmeticError,
    MemoryError,
)


class Group:
    """A group of the file, whose members are read within the file's budget."""

    def __init__(self, group: Any, path: str, budget: Budget) -> None:
        self._group, self._budget = group, budget
        self.path = path

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the members."""
        return tuple(self._group)

    def afford(self, size: int) -> None:
        """Check that so many bytes may be built from the file.

        Raises:
            ArtifactError: if the file is too small for them.
        """
        self._budget.take(f"{self.path} as a network", size)

    def group(self, name: str) -> Group:
        """Return a group within this one.

        Raises:
            ArtifactError: if there is none.
        """
        path, inner = f"{self.path}/{name}", self._member(name)
        if not hasattr(inner, "keys"):
            raise ArtifactError(f"{path}: is not a group")
        return Group(inner, path, self._budget)

    def array(self, name: str) -> NDArray[Any]:
        """Return numbers.

        Raises:
            ArtifactError: if they are none, or more than the file can hold.
        """
        path, item = f"{self.path}/{name}", self._dataset(name)
        if item.dtype.kind not in "iufb":
            raise ArtifactError(f"{path}: {item.dtype} is not a type of numbers")
        self._budget.require(item, path)
        return np.asarray(item[()])

    def text(self, name: str) -> str:
        """Return a text.

        Raises:
            ArtifactError: if it is none.
        """
        path, item = f"{self.path}/{name}", self._dataset(name)
        if item.shape != ():
            raise ArtifactError(f"{path}: is not a text")
        text: str = self._texts(item, path).item().decode("ascii")
        return text

    def edges(self, name: str) -> Edges:
        """Return pairs of names.

        Raises:
            ArtifactError: if they are none.
        """
        path, item = f"{self.path}/{name}", self._dataset(name)
        if item.ndim != 2 or item.shape[1] != 2 or item.shape[0] > _MOST_EDGES:
            raise ArtifactError(f"{path}: {item.shape} is not a list of edges")
        if item.dtype.itemsize > LONGEST_NAME:
            raise ArtifactError(f"{path}: has names of {item.dtype.itemsize} letters")
        rows = self._texts(item, path).tolist()
        return tuple((one.decode("ascii"), two.decode("ascii")) for one, two in rows)

    def _texts(self, item: Any, path: str) -> NDArray[Any]:
        """Return texts of a fixed length: HDF5 hangs on damaged heaps, where others stand."""
        if item.external or item.is_virtual:
            raise ArtifactError(f"{path}: refers to another file, which is never opened")
        if item.dtype.kind != "S" or item.chunks is not None:
            raise ArtifactError(f"{path}: is not a text, or not of a fixed length")
        self._budget.take(path, item.size * item.dtype.itemsize)
        return np.asarray(item[()])

    def _dataset(self, name: str) -> Any:
        item = self._member(name)
        if not hasattr(item, "shape") or item.shape is None:
            raise ArtifactError(f"{self.path}/{name}: is not a value")
        return item

    def _member(self, name: str) -> Any:
        """Return what lies in the group under a name; a link to elsewhere is refused."""
        path, link = f"{self.path}/{name}", self._group.get(name, getlink=True)
        if link is None:
            raise ArtifactError(f"{path}: is missing")
        if not isinstance(link, h5py_module().HardLink):
            raise ArtifactError(f"{path}: is a link to another place, which is not followed")
        return self._group[name]


@contextmanager
def opened(content: bytes) -> Iterator[Group]:
    """Yield the root of a file.

    Raises:
        ArtifactError: if it is not an HDF5 file, or damaged.
    """
    h5py = h5py_module()
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            yield Group(file, "", Budget(len(content)))
    except NeurodeployError:
        raise
    except _STUMBLES as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ArtifactError(f"is damaged, or not an HDF5 file: {reason}") from error


def difference(expected: Tree, group: Group) -> str | None:
    """Return the first place where a group is not the expected tree, or None."""
    strange = next((name for name in group.names if name not in expected), None)
    if strange is not None:
        return f"{group.path}/{strange} is not part of this network"
    for name, value in expected.items():
        if isinstance(value, Mapping):
            words = difference(value, group.group(name))
        else:
            words = _leaf_difference(value, group, name)
        if words is not None:
            return words
    return None


def _leaf_difference(expected: Leaf, group: Group, name: str) -> str | None:
    path = f"{group.path}/{name}"
    if isinstance(expected, str):
        return None if group.text(name) == expected else f"{path} is another text"
    if isinstance(expected, tuple):
        return None if group.edges(name) == expected else f"{path} are other edges"
    if isinstance(expected, Scaled):
        expected = expected.floats()
    values = group.array(name)
    if (values.dtype, values.shape) != (expected.dtype, expected.shape):
        return f"{path} is {values.dtype} {values.shape}, not {expected.dtype} {expected.shape}"
    places = np.argwhere(values != expected)
    if not len(places):
        return None
    index = tuple(int(i) for i in places[0])
    return f"{path}{list(index)} is {values[index]}, not {expected[index]}"
