"""Tensors in a binary file: little-endian, 64-byte aligned, each found by offset and hash."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import ArtifactError

ALIGNMENT = 64
DTYPES = ("int8", "int16", "int32", "int64", "uint8", "float16")
_INTEGERS = (np.int8, np.int16, np.int32, np.int64)


class Packer:
    """Tensors on the way into one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._chunks: list[bytes] = []
        self._size = 0

    def integers(self, values: NDArray[Any]) -> dict[str, Any]:
        """Where integers lie, in the smallest type that holds them."""
        low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
        fitting = (k for k in _INTEGERS if np.iinfo(k).min <= low and high <= np.iinfo(k).max)
        return self.add(values.astype(next(fitting)))

    def add(self, values: NDArray[Any]) -> dict[str, Any]:
        """Where a tensor lies."""
        little = np.asarray(values, dtype=values.dtype.newbyteorder("<"))
        content = little.tobytes()
        padding = -self._size % ALIGNMENT
        offset = self._size + padding
        self._chunks += [bytes(padding), content]
        self._size = offset + len(content)
        return {
            "file": self.file,
            "dtype": values.dtype.name,
            "shape": list(values.shape),
            "offset": offset,
            "nbytes": len(content),
            "sha256": sha256(content).hexdigest(),
        }

    def content(self) -> bytes:
        """The file, to which nothing more is added."""
        content = b"".join(self._chunks)
        self._chunks = [content]
        return content


class Store:
    """The tensors of a package, each checked as it is read."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def array(self, reference: Mapping[str, Any], name: str) -> NDArray[Any]:
        """The tensor that a reference names.

        Raises:
            ArtifactError: if it lies outside its file, is of another size, or was changed.
        """
        file, dtype, shape = reference["file"], reference["dtype"], tuple(reference["shape"])
        offset, nbytes = reference["offset"], reference["nbytes"]
        if file not in self._files:
            raise ArtifactError(f"{name}: lies in {file}, which the package has not")
        if dtype not in DTYPES:
            raise ArtifactError(f"{name}: {dtype} is no type of a tensor")
        kind = np.dtype(dtype).newbyteorder("<")
        size = len(self._files[file])
        if offset < 0 or nbytes < 0 or offset + nbytes > size:
            raise ArtifactError(
                f"{name}: bytes {offset} to {offset + nbytes} lie outside {file}, which has {size}"
            )
        if offset % ALIGNMENT:
            raise ArtifactError(f"{name}: offset {offset} is not aligned to {ALIGNMENT} bytes")
        if prod(shape) * kind.itemsize != nbytes:
            raise ArtifactError(f"{name}: {nbytes} bytes are no {dtype} of shape {shape}")
        content = memoryview(self._files[file])[offset : offset + nbytes]
        if sha256(content).hexdigest() != reference["sha256"]:
            raise ArtifactError(
                f"{name}: {file} does not hold what its hash says", remedy="export the model again"
            )
        return np.frombuffer(content, kind).reshape(shape).astype(dtype)
