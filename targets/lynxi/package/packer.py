"""Tensors packed into a binary file, in the format that `tensors` describes and reads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.content import Content, joined, of_array, of_bytes
from neurodeploy.data.narrow import narrowed
from targets.lynxi.package.tensors import ALIGNMENT


class Packer:
    """The packer of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._parts: list[Content] = []
        self._size = 0

    def integers(self, values: NDArray[Any]) -> dict[str, Any]:
        """Pack integers in the smallest type that holds them, and return their location."""
        narrow = narrowed(values)
        return self.add(narrow, narrow.dtype)

    def add(self, values: NDArray[Any], kind: Any) -> dict[str, Any]:
        """Pack a tensor, and return its location."""
        content = of_array(values, kind)
        padding = -self._size % ALIGNMENT
        offset = self._size + padding
        self._parts += [of_bytes(bytes(padding)), content]
        self._size = offset + content.size
        return {
            "file": self.file,
            "dtype": np.dtype(kind).name,
            "shape": list(values.shape),
            "offset": offset,
            "nbytes": content.size,
            "sha256": content.sha256(),
        }

    def content(self) -> Content:
        """Return the file's content, to which nothing more is added."""
        return joined(self._parts)
