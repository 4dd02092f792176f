"""Limits on reading an HDF5 file, by its size: checked before anything is read.

The datasets come from HDF5's package, which only the targets import.

1. Data are in the file itself: no external storage, no virtual datasets, no references.
2. A value is a number or a short name, not a compound, a list of any length, or a string of a
   gigabyte.
3. All datasets together are at most a gigabyte, and what the file does not store (fill values,
   what was compressed) at most `_FREE_BYTES` and 64 times the file.
4. Compressed data hold what their chunk has room for, and no more; most chunks are there.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from math import prod
from typing import Any

from neurodeploy.errors import ArtifactError

# More than any chip holds; a file that claims more is damaged or hostile.
MOST_VALUES = 1 << 26
_MOST_BYTES = 1 << 30
_FREE_BYTES, _RATIO = 16 << 20, 64
# Computations use 64-bit numbers.
_WORD = 8
LONGEST_NAME = 256
# The number of chunks that a file may leave unstored.
_MOST_CHUNKS = 1 << 12
_CHUNKED = 2
# The supported filters of HDF5: deflate, shuffle and a checksum.
_DEFLATE, _FILTERS = 1, {1, 2, 3}
_NUMBERS, _NAMES = "iufbc", "SO"


@dataclass
class Budget:
    """The remaining bytes of a file; a dataset counts once."""

    size: int
    taken: dict[str, int] = field(default_factory=dict)

    def require(self, item: Any, path: str) -> None:
        """Check that a dataset may be read.

        Raises:
            ArtifactError: otherwise; says why.
        """
        if item.external or item.is_virtual:
            raise ArtifactError(f"{path}: refers to another file, which is never opened")
        count = prod(item.shape)
        if count > MOST_VALUES:
            raise ArtifactError(f"{path}: claims {count} values")
        self._require_kind(item, path, count)
        self.take(path, count * max(item.dtype.itemsize, _WORD))
        if item.id.get_create_plist().get_layout() == _CHUNKED:
            self._require_chunks(item, path)

    def take(self, path: str, size: int) -> None:
        """Check that `size` more bytes may be held, together with all previous ones.

        Raises:
            ArtifactError: if they are too many.
        """
        self.taken[path] = max(size, self.taken.get(path, 0))
        total = sum(self.taken.values())
        if total > min(_MOST_BYTES, _FREE_BYTES + _RATIO * self.size):
            raise ArtifactError(
                f"{path}: takes {total:,} bytes with what is before it, which a file of "
                f"{self.size:,} bytes cannot honestly hold",
                remedy="write the data without fill values, and less compressed",
            )

    def _require_kind(self, item: Any, path: str, count: int) -> None:
        kind = item.dtype.kind
        if kind not in _NUMBERS + _NAMES or item.dtype.subdtype is not None:
            raise ArtifactError(f"{path}: {item.dtype} is not a type of numbers, nor a name")
        if kind in _NAMES and count * item.dtype.itemsize > LONGEST_NAME:
            raise ArtifactError(f"{path}: {count} strings of {item.dtype.itemsize} bytes are none")
        if kind == "O" and not _is_text(item):
            raise ArtifactError(f"{path}: refers to something else, or is a list of any length")

    def _require_chunks(self, item: Any, path: str) -> None:
        """Check that no chunk is larger than the data, and no stream longer than its chunk."""
        room = prod(item.chunks) * item.dtype.itemsize
        if room > _FREE_BYTES + _RATIO * self.size:
            raise ArtifactError(f"{path}: is in chunks of {room:,} bytes")
        grid = prod(-(-side // chunk) for side, chunk in zip(item.shape, item.chunks, strict=True))
        if grid > _MOST_CHUNKS and grid > 2 * item.id.get_num_chunks():
            # HDF5 searches for each of them, which takes time.
            raise ArtifactError(f"{path}: is in {grid:,} chunks, most of which are not there")
        settings = item.id.get_create_plist()
        count = settings.get_nfilters()
        filters = [settings.get_filter(number)[0] for number in range(count)]
        if not _FILTERS.issuperset(filters) or len(set(filters)) < count:
            raise ArtifactError(f"{path}: is filtered by {filters}, which is not read")
        if _DEFLATE not in filters:
            return
        for number in range(item.id.get_num_chunks()):
            offset = item.id.get_chunk_info(number).chunk_offset
            _, stream = item.id.read_direct_chunk(offset)
            try:
                length = len(zlib.decompressobj().decompress(stream, room + 5))
            except zlib.error as error:
                raise ArtifactError(f"{path}: is damaged: {error}") from error
            # A checksum before the stream is compressed with it.
            if length > room + 4:
                raise ArtifactError(f"{path}: holds a chunk of more than {room:,} bytes")


def _is_text(item: Any) -> bool:
    """Return whether values of any length are texts, as HDF5's package marks their type."""
    return (item.dtype.metadata or {}).get("vlen") in (str, bytes)
