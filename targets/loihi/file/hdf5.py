"""A .net file opened with care: every value has a checked type, every error names its place."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.container.hdf5 import LONGEST_NAME, Budget
from neurodeploy.errors import ArtifactError, NeurodeployError
from neurodeploy.program import Integers

# The limit of layers: many times a chip's cores.
_MOST_LAYERS = 4096
_NUMBERS = "iufb"
# Lava computes with an unsigned 64-bit number as with a float, and stops.
_WHOLE = "iub"

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


def h5py_module() -> Any:
    """Import the library that reads and writes the format.

    Raises:
        NeurodeployError: if it is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise NeurodeployError(
            "the target loihi needs h5py", remedy="python -m pip install h5py"
        ) from error
    return h5py


class LayerEntry:
    """One layer's group in the file."""

    def __init__(self, group: Any, name: str, budget: Budget) -> None:
        self._group, self._budget = group, budget
        self.name = name

    def afford(self, key: str, values: int) -> None:
        """Check that `values` values may be built from what is under a key.

        Raises:
            ArtifactError: if the file is too small for them.
        """
        self._budget.take(f"{self.name}.{key}", 8 * values)

    def __contains__(self, key: str) -> bool:
        return key in self._group

    def holds(self, group: str, key: str) -> bool:
        """Return whether there is a group of this name, with the key in it."""
        inner = _inside(self._group, group, f"{self.name}.{group}")
        return hasattr(inner, "keys") and key in inner

    def text(self, key: str) -> str:
        """Return a name, stored as bytes or text, alone or in an array of one."""
        value = self._value(key).reshape(-1)
        if value.size < 1:
            raise ArtifactError(f"{self.name}.{key}: is empty")
        first = value[0]
        word = first.decode("ascii", "replace") if isinstance(first, bytes) else str(first)
        if len(word) > LONGEST_NAME:
            raise ArtifactError(f"{self.name}.{key}: is a word of {len(word)} letters")
        return word

    def integers(self, key: str) -> Integers:
        """Return whole numbers of 32 bits; fractions are truncated, as the loader does."""
        return self.numbers(key).astype(np.int64)

    def numbers(self, key: str) -> NDArray[Any]:
        """Return numbers of 32 bits, whole or not."""
        value = self._value(key)
        if value.dtype.kind not in _NUMBERS:
            raise ArtifactError(f"{self.name}.{key}: {value.dtype} is not a type of numbers")
        if value.size == 0:
            raise ArtifactError(f"{self.name}.{key}: is empty")
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise ArtifactError(f"{self.name}.{key}: a value is NaN or infinite")
        if max(abs(float(value.min())), abs(float(value.max()))) >= 1 << 31:
            raise ArtifactError(f"{self.name}.{key}: a value does not fit 32 bits")
        return value

    def stored_whole(self, key: str) -> NDArray[Any]:
        """Return whole numbers that must be stored as such, in their type in the file."""
        value = self._value(key)
        if value.dtype.kind not in _WHOLE or value.dtype == np.uint64:
            raise ArtifactError(
                f"{self.name}.{key}: is stored as {value.dtype}, which stops the simulation",
                remedy="write it as an integer",
            )
        if value.size == 0:
            raise ArtifactError(f"{self.name}.{key}: is empty")
        return value

    def whole(self, key: str) -> Integers:
        """Return numbers that must be stored as integers: the loader accepts nothing else here."""
        return self.stored_whole(key).astype(np.int64)

    def number(self, key: str) -> int:
        """Return one whole number."""
        value = self.whole(key)
        if value.ndim:
            raise ArtifactError(
                f"{self.name}.{key}: has the shape {value.shape}, and is not a number"
            )
        return int(value)

    def pair(self, key: str) -> tuple[int, int]:
        """Return height and width, from one number or two."""
        value = self.whole(key)
        if value.ndim == 0:
            return int(value), int(value)
        if value.shape != (2,):
            raise ArtifactError(f"{self.name}.{key}: has the shape {value.shape}, not (2,)")
        return int(value[0]), int(value[1])

    def group(self, key: str) -> LayerEntry:
        """Return a group within this one."""
        inner = _inside(self._group, key, f"{self.name}.{key}")
        if inner is None or not hasattr(inner, "keys"):
            raise ArtifactError(f"{self.name}.{key}: is missing")
        return LayerEntry(inner, f"{self.name}.{key}", self._budget)

    def _value(self, key: str) -> NDArray[Any]:
        item = _inside(self._group, key, f"{self.name}.{key}")
        if item is None or not hasattr(item, "shape") or item.shape is None:
            raise ArtifactError(f"{self.name}.{key}: is missing")
        self._budget.require(item, f"{self.name}.{key}")
        return np.asarray(item[()])


@contextmanager
def opened(content: bytes, name: str) -> Iterator[list[LayerEntry]]:
    """Yield the layers of a file, in order.

    Raises:
        ArtifactError: if it is not such a file, or damaged.
    """
    h5py = h5py_module()
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            layers = _inside(file, "layer", f"{name}: /layer")
            if layers is None or not hasattr(layers, "keys") or len(layers) == 0:
                raise ArtifactError(f"{name}: has no /layer, so it is not a network for Lava")
            if len(layers) > _MOST_LAYERS:
                raise ArtifactError(f"{name}: claims {len(layers)} layers")
            entries, budget = [], Budget(len(content))
            for number in range(len(layers)):
                group = _inside(layers, str(number), f"{name}: /layer/{number}")
                if group is None or not hasattr(group, "keys"):
                    raise ArtifactError(f"{name}: /layer/{number} is missing")
                entries.append(LayerEntry(group, f"layer{number}", budget))
            yield entries
    except NeurodeployError:
        raise
    except _STUMBLES as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ArtifactError(f"{name}: is damaged, or not an HDF5 file: {reason}") from error


def _inside(group: Any, key: str, path: str) -> Any:
    """Return what lies in a group under a name; a link to elsewhere is refused.

    Raises:
        ArtifactError: if it is a link.
    """
    link = group.get(key, getlink=True)
    if link is None:
        return None
    if not isinstance(link, h5py_module().HardLink):
        raise ArtifactError(f"{path}: is a link to another place, which is not followed")
    return group[key]
