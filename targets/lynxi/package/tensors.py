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


class Store:
    """The tensors of a package, each checked when it is read."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        # A file's bytes are produced once, however many tensors lie in it.
        self._read: dict[str, bytes] = {}

    def array(self, reference: Mapping[str, Any], name: str) -> NDArray[Any]:
        """Return the tensor that a reference names.

        Raises:
            ArtifactError: if it lies outside its file, has another size, or was changed.
        """
        file, dtype, shape = reference["file"], reference["dtype"], tuple(reference["shape"])
        offset, nbytes = reference["offset"], reference["nbytes"]
        if file not in self._files:
            raise ArtifactError(f"{name}: lies in {file}, which the package lacks")
        if dtype not in DTYPES:
            raise ArtifactError(f"{name}: {dtype} is not the type of a tensor")
        kind = np.dtype(dtype).newbyteorder("<")
        if file not in self._read:
            self._read[file] = self._files[file]
        size = len(self._read[file])
        if offset < 0 or nbytes < 0 or offset + nbytes > size:
            raise ArtifactError(
                f"{name}: bytes {offset} to {offset + nbytes} lie outside {file}, which has {size}"
            )
        if offset % ALIGNMENT:
            raise ArtifactError(f"{name}: offset {offset} is not aligned to {ALIGNMENT} bytes")
        if prod(shape) * kind.itemsize != nbytes:
            raise ArtifactError(f"{name}: {nbytes} bytes are not {dtype} of shape {shape}")
        content = memoryview(self._read[file])[offset : offset + nbytes]
        if sha256(content).hexdigest() != reference["sha256"]:
            raise ArtifactError(
                f"{name}: {file} does not match its hash", remedy="export the model again"
            )
        return np.frombuffer(content, kind).reshape(shape).astype(dtype)
