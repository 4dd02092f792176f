"""The content of files, produced in pieces on demand, so that large files are never in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.files import Piece
from neurodeploy.data.narrow import row_pieces


@dataclass(frozen=True, eq=False)
class Content:
    """A fixed sequence of bytes, produced anew on each use."""

    size: int
    make: Callable[[], Iterable[Piece]]

    def pieces(self) -> Iterator[Piece]:
        """Yield the bytes, some at a time."""
        yield from self.make()

    def __bytes__(self) -> bytes:
        return b"".join(self.pieces())

    def sha256(self) -> str:
        """Return the hash of the bytes."""
        digest = sha256()
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()


def of_bytes(content: bytes) -> Content:
    """Return the content of existing bytes."""
    return Content(len(content), lambda: (content,))


def of_array(values: NDArray[Any], kind: Any) -> Content:
    """Return an array's numbers in C order; little-endian unless the type says otherwise."""
    array = values.reshape(1) if values.ndim == 0 else values
    little = np.dtype(kind).newbyteorder("<")

    def make() -> Iterator[Piece]:
        for rows in row_pieces(array):
            yield np.ascontiguousarray(array[rows], dtype=little).data

    return Content(values.size * little.itemsize, make if values.size else tuple)


def joined(parts: Sequence[Content]) -> Content:
    """Return several contents, one after another."""

    def make() -> Iterator[Piece]:
        for part in parts:
            yield from part.pieces()

    return Content(sum(part.size for part in parts), make)


class Files(Mapping[str, bytes]):
    """Files by name, whose bytes are produced on demand."""

    def __init__(self, contents: Mapping[str, bytes | Content]) -> None:
        self._contents = {
            name: of_bytes(content) if isinstance(content, bytes) else content
            for name, content in contents.items()
        }

    def __getitem__(self, name: str) -> bytes:
        return bytes(self._contents[name])

    def __contains__(self, name: object) -> bool:
        # The inherited method would produce the file.
        return name in self._contents

    def __iter__(self) -> Iterator[str]:
        return iter(self._contents)

    def __len__(self) -> int:
        return len(self._contents)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return self.keys() == other.keys() and all(self[name] == other[name] for name in self)

    def content(self, name: str) -> Content:
        """Return a file's content."""
        return self._contents[name]


def content_of(files: Mapping[str, bytes], name: str) -> Content:
    """Return a file's content, whether its bytes exist already or not."""
    return files.content(name) if isinstance(files, Files) else of_bytes(files[name])
