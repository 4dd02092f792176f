"""torch's files, read without torch's reader: an archive, a pickle, and the tensors' numbers."""

from __future__ import annotations

import math
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any

import torch
from torch import Tensor

from neurodeploy.data.archive import DAMAGE, Archive, fill, opened_archive
from neurodeploy.data.files import REMEDIES
from neurodeploy.data.reading import regular_file, require_room
from neurodeploy.errors import ModelFileError
from neurodeploy.frontend.plain_pickle import (
    ForeignObjectError,
    TensorEntry,
    plain_data,
)

# The limit of a network's description, beside its tensors.
DESCRIPTION_BYTES = 16 << 20
# The limit of nested lists and dictionaries; a network within a network takes two levels.
_DEPTH = 32
# The limit of a tensor's axes.
_AXES = 16
# The limit of all tensors' size, relative to their file, when they share its numbers.
_SHARED = 2
_KINDS = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
SAVE_AGAIN = "copy the file again, or write it again with neurodeploy.save"
CONVERT = (
    'if you trust where it comes from, convert it once: python -c "import torch, neurodeploy as '
    "nd; nd.save(torch.load('old.pt', weights_only=False), 'model.pt')\"; or give the "
    "architecture with --build package.module:function and a file of weights alone"
)


def read_torch_file(path: Path) -> Any:
    """Return the plain data and tensors in a file that torch.save wrote.

    Raises:
        ModelFileError: if it is missing, damaged, larger than memory, or holds anything else.
    """
    try:
        with regular_file(path) as (file, size):
            if size == 0:
                raise ModelFileError(f"{path}: the file is empty", remedy=SAVE_AGAIN)
            require_room(path, size)
            return _document(file, size, path)
    except FileNotFoundError as error:
        raise ModelFileError(
            f"{path}: there is no such file", remedy="name an existing file"
        ) from error
    except ForeignObjectError as error:
        raise ModelFileError(
            f"{path}: holds pickled Python objects, which are not read because reading them "
            f"can run code: {error}",
            remedy=CONVERT,
        ) from error
    except ModelFileError:
        raise
    except OSError as error:
        raise ModelFileError(
            f"{path}: cannot be read: {error.strerror or error}",
            remedy=REMEDIES.get(error.errno or 0, SAVE_AGAIN),
        ) from error
    except DAMAGE as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelFileError(
            f"{path}: is damaged, or not a model file: {words[:200]}", remedy=SAVE_AGAIN
        ) from error


def _document(file: IO[bytes], size: int, path: Path) -> Any:
    if file.read(2) != b"PK":
        raise _no_archive(path)
    try:
        with opened_archive(file) as archive:
            return _Reader(archive, size).document()
    except zipfile.BadZipFile as error:
        if "not a zip file" in str(error):
            raise _no_archive(path) from error
        raise


def _no_archive(path: Path) -> ModelFileError:
    return ModelFileError(
        f"{path}: is not a model file, or one that was cut short",
        remedy=f"write one with neurodeploy.save; a pickled or an old one, {CONVERT}",
    )


class _Reader:
    """A reader that builds the tensors which an archive's description names."""

    def __init__(self, archive: Archive, size: int) -> None:
        self.archive = archive
        self.storages: dict[str, Tensor] = {}
        # The remaining bytes of tensors, and values of the description.
        self.room = _SHARED * size
        self.values = 0
        packed = [
            name
            for name, member in archive.members.items()
            if member.compress_type != zipfile.ZIP_STORED
            or member.file_size != member.compress_size
        ]
        if packed:
            raise ValueError(f"{packed[0]} is compressed, which torch.save never does")
        if sum(member.file_size for member in archive.members.values()) > size:
            raise ValueError("its records are larger than the file")

    def document(self) -> Any:
        """Return the description, with its tensors."""
        members = [name for name in self.archive.members if name.count("/") == 1]
        pickles = [name for name in members if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError(f"it has {len(pickles)} records called data.pkl")
        self.folder = pickles[0].removesuffix("data.pkl")
        order = self._record("byteorder", 6) if self.folder + "byteorder" in members else b"little"
        if order != b"little":
            raise ValueError("its numbers are not in the byte order little")
        data, operations = plain_data(self._record("data.pkl", DESCRIPTION_BYTES))
        # Shared parts are checked as often as they are named.
        self.values = 1000 + 2 * operations
        return self._plain(data, 0)

    def _record(self, name: str, most: int) -> bytes:
        member = self.archive.members[self.folder + name]
        if member.file_size > most:
            raise ValueError(
                f"{name} holds {member.file_size:,} bytes, but at most {most:,} are read"
            )
        content = bytearray(member.file_size)
        with self.archive.open(self.folder + name) as file:
            fill(memoryview(content), file)
        return bytes(content)

    def _plain(self, value: Any, depth: int) -> Any:
        """Return the value with tensors in place of entries, and with no part shared."""
        self.values -= 1
        if self.values < 0 or depth > _DEPTH:
            raise ValueError("its parts are shared or nested without end")
        if isinstance(value, TensorEntry):
            return self._tensor(value)
        if isinstance(value, OrderedDict):
            copy = OrderedDict((key, self._plain(item, depth + 1)) for key, item in value.items())
            copy.__dict__.update(value.__dict__)
            return copy
        if isinstance(value, dict):
            return {key: self._plain(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._plain(item, depth + 1) for item in value)
        if not isinstance(value, str | int | float | None):
            raise ValueError("a storage stands where data belong")
        return value

    def _tensor(self, entry: TensorEntry) -> Tensor:
        kind = _KINDS.get(entry.storage.kind.removeprefix("torch "))
        if kind is None:
            raise ForeignObjectError(entry.storage.kind)
        _require_own_places(entry)
        name = f"data/{entry.storage.key}"
        size = self.archive.members[self.folder + name].file_size
        if size != entry.storage.count * kind.itemsize:
            raise ValueError(f"{name} does not hold {entry.storage.count:,} numbers")
        self.room -= math.prod(entry.shape) * kind.itemsize
        if self.room < 0:
            raise ValueError("its tensors share their numbers too often")
        if math.prod(entry.shape) == 0:
            return torch.empty(entry.shape, dtype=kind)
        numbers = self._numbers(name, kind)
        return numbers.as_strided(entry.shape, entry.stride, entry.offset)

    def _numbers(self, name: str, kind: torch.dtype) -> Tensor:
        if name not in self.storages:
            size = self.archive.members[self.folder + name].file_size
            # torch's own memory is aligned as its kernels need it.
            content = torch.empty(size, dtype=torch.uint8)
            with self.archive.open(self.folder + name) as file:
                fill(content.numpy().data, file)
            # A byte other than 0 and 1 is not a bool, and torch's use of one is undefined.
            self.storages[name] = content != 0 if kind == torch.bool else content.view(kind)
        if self.storages[name].dtype != kind:
            raise ValueError(f"{name} holds numbers of two types")
        return self.storages[name]


def _require_own_places(entry: TensorEntry) -> None:
    """Check that a tensor lies within its storage, and that its numbers do not overlap."""
    if len(entry.shape) != len(entry.stride) or len(entry.shape) > _AXES:
        raise ValueError(f"a tensor of {len(entry.shape)} axes and {len(entry.stride)} strides")
    end = 1
    for step, length in sorted(zip(entry.stride, entry.shape, strict=True)):
        if length > 1:
            if step < end:
                raise ValueError("a tensor's numbers overlap")
            end += step * (length - 1)
    if math.prod(entry.shape) and entry.offset + end > entry.storage.count:
        raise ValueError("a tensor lies outside its numbers")
