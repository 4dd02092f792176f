"""The content of another writer's file: groups, texts and numbers, without HDF5's package.

HDF5 follows damaged heaps forever, and has crashed on damaged files: what others wrote is read by a
process of its own, with a limit of time and memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import ArtifactError, SimulatorError
from neurodeploy.sandbox import Call, Limits, run_in_own_python

# A member: a group, one text, nested lists of texts, or numbers.
Member: TypeAlias = "Mapping[str, Member] | str | list[Any] | NDArray[Any]"
_WORKER = Path(__file__).with_name("worker.py")
_SECONDS, _BYTES_A_SECOND, _MEMORY_MB = 20.0, 1 << 19, 3072
_WRITE_AGAIN = "write the file again with nir, or ask its author for it"


@dataclass(frozen=True)
class FileContent:
    """The members of a file's root, and the paths of what has attributes, which are not read."""

    members: Mapping[str, Member]
    attributes: tuple[str, ...] = ()


@lru_cache(maxsize=2)
def content_of(content: bytes) -> FileContent:
    """Return what a file contains.

    Raises:
        ArtifactError: if it is not an HDF5 file, is damaged, or takes too long.
    """
    arrays = {"file": np.frombuffer(content, dtype=np.uint8)}
    limits = Limits(_SECONDS + len(content) / _BYTES_A_SECOND, _MEMORY_MB)
    call = Call({"memory": _MEMORY_MB << 20}, arrays, limits)
    try:
        result = run_in_own_python("HDF5's package", _WORKER, call)
    except SimulatorError as error:
        # HDF5 itself failed on it.
        words = f"is damaged, or not an HDF5 file: {error.message}"
        raise ArtifactError(words, remedy=_WRITE_AGAIN) from error
    document: Any = result.result
    if "refused" in document:
        raise ArtifactError(document["refused"], remedy=_WRITE_AGAIN)
    members = _group(document["group"], result.arrays)
    return FileContent(members, tuple(document["attributes"]))


def _group(members: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Mapping[str, Member]:
    return {name: _member(member, arrays) for name, member in members.items()}


def _member(member: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Member:
    ((kind, content),) = member.items()
    if kind == "group":
        return _group(content, arrays)
    if kind == "array":
        return arrays[f"array{content}"]
    if kind == "few":
        number_type, shape, start = content
        end = start + prod(shape) * np.dtype(number_type).itemsize
        values: NDArray[Any] = arrays["few"][start:end].view(number_type)
        return values.reshape(shape)
    text: str | list[Any] = content
    return text
