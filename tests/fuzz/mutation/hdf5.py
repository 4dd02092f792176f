"""HDF5 files changed in their bytes, or rewritten with other data in the places of their own."""

import io
from collections.abc import Callable
from random import Random
from typing import Any

import h5py
import numpy as np

from tests.fuzz.mutation import raw

_FIELDS = ("bias", "delay", "weight_rec", "stride", "padding", "groups", "weight_imag")


def changed(content: bytes, random: Random) -> bytes:
    """Return the file with up to three faults."""
    if random.random() < 0.5:
        return raw.changed(content, random)
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        for _ in range(random.choice((1, 1, 2, 3))):
            paths: list[str] = []
            file.visit(paths.append)
            if paths:
                random.choice(_CHANGES)(file, random.choice(paths), random)
    return buffer.getvalue()


def _remove(file: h5py.File, path: str, random: Random) -> None:
    del file[path]


def _value(file: h5py.File, path: str, random: Random) -> None:
    """Replace all numbers, or one of them; the shape stays."""
    old = file[path]
    # Another change may have made it larger than memory.
    if not isinstance(old, h5py.Dataset) or old.dtype.kind not in "iuf" or old.size > 10_000:
        return
    values = np.array(file[path][()], dtype=np.float64)
    extreme = float(random.choice((*raw.EXTREMES, -1, -(2**31), 0.5)))
    changed_values = np.full(values.shape, extreme)
    if random.random() < 0.5 and values.size:
        changed_values = values.copy()
        changed_values.flat[random.randrange(values.size)] = extreme
    del file[path]
    kind = random.choice(("f8", "f4", "i4", "i8", "u8"))
    with np.errstate(all="ignore"):
        file[path] = changed_values.astype(kind)


def _shape(file: h5py.File, path: str, random: Random) -> None:
    del file[path]
    axes = random.choice((0, 1, 2, 3, 32))
    shape = tuple(random.choice((0, 1, 2, 3, 5)) if axes < 32 else 1 for _ in range(axes))
    file[path] = np.ones(shape, random.choice(("i4", "i8", "f4", "c16", "?", "u1")))


def _claim(file: h5py.File, path: str, random: Random) -> None:
    """Claim more than the file stores: chunks never written, filled with one value."""
    del file[path]
    side = random.choice((2**13, 2**16, 2**20, 2**31))
    shape = random.choice(((side,), (side, side)))
    kind = random.choice(("i4", "u1", f"S{2**20}", h5py.string_dtype()))
    file.create_dataset(path, shape, kind, chunks=(1,) * len(shape))


def _odd(file: h5py.File, path: str, random: Random) -> None:
    del file[path]
    odd: tuple[Any, ...] = (
        b"dense_rec",
        b"pool",
        b"CUBA",
        "x" * 3000,
        b"\xff\xfe",
        h5py.Empty("i4"),
        np.array([b"a", b"b"]),
        np.zeros(2, [("a", "i4"), ("b", "f8")]),
        np.array([1.5, np.nan, np.inf]),
        np.bytes_(b"x" * (1 << 20)),
        h5py.SoftLink("/layer"),
        h5py.SoftLink(f"/{path}"),
        h5py.ExternalLink("/etc/hostname", "/"),
    )
    file[path] = random.choice(odd)


def _group(file: h5py.File, path: str, random: Random) -> None:
    del file[path]
    group = file.create_group(path)
    group["type"] = random.choice((b"dense", b"input", b"flatten", b"conv", b"x"))
    if random.random() < 0.3:
        group["loop"] = file["/"]


def _copy(file: h5py.File, path: str, random: Random) -> None:
    paths: list[str] = []
    file.visit(paths.append)
    other = random.choice(paths)
    # A group copied into itself would never end.
    if isinstance(file[other], h5py.Dataset) and not other.startswith(path):
        del file[path]
        file.copy(other, path)


def _more(file: h5py.File, path: str, random: Random) -> None:
    name = random.choice(_FIELDS)
    holder = file[path] if isinstance(file[path], h5py.Group) else file[path].parent
    if name not in holder:
        shape = random.choice(((), (1,), (2,), (5,), (3, 5)))
        holder[name] = np.full(shape, random.choice((0, 1, 2, 62, 63, 255, -1, 2**30)))


_CHANGES: tuple[Callable[[h5py.File, str, Random], None], ...] = (
    _remove,
    _value,
    _value,
    _shape,
    _claim,
    _odd,
    _group,
    _copy,
    _more,
)
