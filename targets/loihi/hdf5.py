"""A .net file opened with care: every value has a checked type, every complaint names its place."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import ArtifactError
from neurodeploy.program import Integers
from targets.loihi.compile import h5py_module

# More than any chip holds; a file that claims it is damaged or hostile.
_MOST_VALUES = 1 << 28


class LayerEntry:
    """One layer's group in the file."""

    def __init__(self, group: Any, name: str) -> None:
        self._group = group
        self.name = name

    def __contains__(self, key: str) -> bool:
        return key in self._group

    def text(self, key: str) -> str:
        """A name, as bytes or text, alone or in an array of one."""
        value = self._value(key).reshape(-1)
        if value.size < 1:
            raise ArtifactError(f"{self.name}.{key}: is empty")
        first = value[0]
        return first.decode("ascii", "replace") if isinstance(first, bytes) else str(first)

    def integers(self, key: str) -> Integers:
        """Whole numbers; fractions are cut off, as the loader does."""
        value = self._value(key)
        if value.dtype.kind not in "iufb":
            raise ArtifactError(f"{self.name}.{key}: {value.dtype} is no type of numbers")
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise ArtifactError(f"{self.name}.{key}: a value is NaN or infinite")
        return value.astype(np.int64)

    def whole(self, key: str) -> Integers:
        """Whole numbers that must be stored as such: the loader takes nothing else here."""
        value = self._value(key)
        if value.dtype.kind not in "iub":
            raise ArtifactError(
                f"{self.name}.{key}: is stored as {value.dtype}, which stops the simulation",
                remedy="write it as an integer",
            )
        return value.astype(np.int64)

    def pair(self, key: str) -> tuple[int, int]:
        """Height and width, from one number or two."""
        value = self.whole(key)
        if value.ndim == 0:
            return int(value), int(value)
        if value.shape != (2,):
            raise ArtifactError(f"{self.name}.{key}: has the shape {value.shape}, not (2,)")
        return int(value[0]), int(value[1])

    def group(self, key: str) -> LayerEntry:
        """A group within this one."""
        inner = self._group.get(key)
        if inner is None or not hasattr(inner, "keys"):
            raise ArtifactError(f"{self.name}.{key}: is missing")
        return LayerEntry(inner, f"{self.name}.{key}")

    def _value(self, key: str) -> NDArray[Any]:
        item = self._group.get(key)
        if item is None or not hasattr(item, "shape") or item.shape is None:
            raise ArtifactError(f"{self.name}.{key}: is missing")
        if item.size > _MOST_VALUES:
            raise ArtifactError(f"{self.name}.{key}: claims {item.size} values")
        if item.external:
            raise ArtifactError(f"{self.name}.{key}: refers to another file")
        return np.asarray(item[()])


@contextmanager
def opened(content: bytes, name: str) -> Iterator[list[LayerEntry]]:
    """The layers of a file, in order.

    Raises:
        ArtifactError: if it is no such file, or damaged.
    """
    h5py = h5py_module()
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            layers = file.get("layer")
            if layers is None or not hasattr(layers, "keys") or len(layers) == 0:
                raise ArtifactError(f"{name}: has no /layer, so it is no network for Lava")
            entries = []
            for number in range(len(layers)):
                group = layers.get(str(number), getlink=True)
                if not isinstance(group, h5py.HardLink):
                    raise ArtifactError(f"{name}: /layer/{number} is missing")
                entries.append(LayerEntry(layers[str(number)], f"layer{number}"))
            yield entries
    except (OSError, RuntimeError, KeyError, UnicodeDecodeError) as error:
        raise ArtifactError(
            f"{name}: is damaged, or no HDF5 file: {str(error).splitlines()[0]}"
        ) from error
