"""Reads another writer's HDF5 file in a process of its own, which may hang or die of it.

A group becomes {"group": members}, a text {"text": words}, texts {"texts": nested lists}, numbers
{"array": the number of an array that is handed over}, or few of them {"few": [type, shape, where
they begin in the array "few"]}. What is refused comes back as {"refused"}.
"""

from __future__ import annotations

import importlib
import io
import sys
from typing import Any

import numpy as np

# More members than any network has, and deeper than any subgraph lies.
_MOST_MEMBERS = 1 << 15
_MOST_TEXTS = 1 << 17
_DEEPEST = 32
_LONGEST_TEXT = 1 << 16
_LONGEST_NAME = 1 << 10
_MOST_NOTES = 8
_FEW_BYTES = 1 << 12
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


class RefusedError(Exception):
    """A file that is not read; the message says where and why."""


def run(job: dict[str, Any], exchange: Any) -> dict[str, Any]:
    """Read the job's file; the sandbox calls this."""
    sys.path += [folder for folder in job.get("path", ()) if folder not in sys.path]
    _limit(job["memory"])
    h5py = importlib.import_module("h5py")
    budgets = importlib.import_module("neurodeploy.data.container.hdf5")
    errors = importlib.import_module("neurodeploy.errors")
    content = np.load(exchange.input("file")).tobytes()
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            reader = _Reader(h5py, budgets.Budget(len(content)), exchange)
            whole = reader.group(file, "", 0) | {"attributes": reader.attributes}
            np.save(exchange.output("few"), np.frombuffer(bytes(reader.few) or bytes(1), np.uint8))
            return whole
    except (RefusedError, errors.ArtifactError) as error:
        return {"refused": str(error)}
    except _STUMBLES as error:
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        return {"refused": f"is damaged, or not an HDF5 file: {reason}"}


def _limit(memory: int) -> None:
    """Let the system refuse more memory than the file may take, where it can."""
    if sys.platform == "linux":
        resource = importlib.import_module("resource")
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class _Reader:
    """A reader that follows hard links alone, each group once."""

    def __init__(self, h5py: Any, budget: Any, exchange: Any) -> None:
        self.h5py, self.budget, self.exchange = h5py, budget, exchange
        self.groups: set[int] = set()
        # The groups and values with attributes, which NIR has none of.
        self.attributes: list[str] = []
        # The bytes of short arrays: a file for each would take longer than all the rest.
        self.few = bytearray()
        self.members = self.arrays = self.texts = 0

    def group(self, group: Any, path: str, depth: int) -> dict[str, Any]:
        """Return the members of a group."""
        address = self.h5py.h5o.get_info(group.id).addr
        if address in self.groups or depth > _DEEPEST:
            raise RefusedError(f"{path or '/'}: is reached twice, or lies too deep")
        self.groups.add(address)
        self.note_attributes(group, path)
        members = {}
        for name in group:
            self.members += 1
            if self.members > _MOST_MEMBERS:
                raise RefusedError(f"{path or '/'}: the file has more than {_MOST_MEMBERS} members")
            if not name.isprintable():
                words = f"the name {name!r:.80} has letters that cannot be printed"
                raise RefusedError(f"{path or '/'}: {words}")
            if len(name) > _LONGEST_NAME:
                words = f"{name:.40}... has {len(name)} letters, more than {_LONGEST_NAME}"
                raise RefusedError(f"{path or '/'}: the name {words}")
            members[name] = self.member(group, f"{path}/{name}", name, depth)
        return {"group": members}

    def member(self, group: Any, path: str, name: str, depth: int) -> dict[str, Any]:
        """Return a member of a group."""
        if not isinstance(group.get(name, getlink=True), self.h5py.HardLink):
            raise RefusedError(f"{path}: is a link to another place, which is not followed")
        item = group[name]
        if isinstance(item, self.h5py.Group):
            return self.group(item, path, depth + 1)
        if not isinstance(item, self.h5py.Dataset) or item.shape is None:
            raise RefusedError(f"{path}: is neither a group nor a value")
        self.note_attributes(item, path)
        if item.dtype.kind in "SO":
            return self.words(item, path)
        self.budget.require(item, path)
        # Without the names that HDF5 has for some numbers.
        values = np.asarray(item[()]).view(np.dtype(item.dtype.str))
        if values.nbytes <= _FEW_BYTES:
            start = len(self.few)
            self.few += values.tobytes()
            return {"few": [values.dtype.str, values.shape, start]}
        self.arrays += 1
        np.save(self.exchange.output(f"array{self.arrays}"), values)
        return {"array": self.arrays}

    def note_attributes(self, item: Any, path: str) -> None:
        """Record that a group or a value has attributes, without reading them."""
        if self.h5py.h5o.get_info(item.id).num_attrs and len(self.attributes) < _MOST_NOTES:
            self.attributes.append(path or "/")

    def words(self, item: Any, path: str) -> dict[str, Any]:
        """Return a text, or several."""
        if item.external or item.is_virtual:
            raise RefusedError(f"{path}: refers to another file, which is never opened")
        if self.h5py.check_string_dtype(item.dtype) is None:
            raise RefusedError(f"{path}: {item.dtype} is not a type of numbers, nor of texts")
        self.texts += item.size
        if self.texts > _MOST_TEXTS or item.dtype.itemsize > _LONGEST_TEXT:
            raise RefusedError(f"{path}: holds {item.size} texts, more than a network has")
        self.budget.take(path, item.size * max(item.dtype.itemsize, 8))
        texts = np.asarray(item.asstr(errors="replace")[()], dtype=object)
        if any(len(text) > _LONGEST_TEXT for text in texts.reshape(-1)):
            raise RefusedError(f"{path}: holds a text of more than {_LONGEST_TEXT} letters")
        return {"text": texts.item()} if texts.ndim == 0 else {"texts": texts.tolist()}
