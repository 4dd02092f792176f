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
    """The file with something wrong."""
    if random.random() < 0.5:
        return raw.changed(content, random)
    held = io.BytesIO(content)
    with h5py.File(held, "r+") as file:
        for _ in range(random.choice((1, 1, 2, 3))):
            places: list[str] = []
            file.visit(places.append)
            if places:
                random.choice(_CHANGES)(file, random.choice(places), random)
    return held.getvalue()


def _remove(file: h5py.File, place: str, random: Random) -> None:
    del file[place]


def _value(file: h5py.File, place: str, random: Random) -> None:
    """Other numbers of the same shape, or one of them."""
    held = file[place]
    # What another change made of it may be larger than memory.
    if not isinstance(held, h5py.Dataset) or held.dtype.kind not in "iuf" or held.size > 10_000:
        return
    values = np.array(file[place][()], dtype=np.float64)
    extreme = float(random.choice((*raw.EXTREMES, -1, -(2**31), 0.5)))
    changed_values = np.full(values.shape, extreme)
    if random.random() < 0.5 and values.size:
        changed_values = values.copy()
        changed_values.flat[random.randrange(values.size)] = extreme
    del file[place]
    kind = random.choice(("f8", "f4", "i4", "i8", "u8"))
    with np.errstate(all="ignore"):
        file[place] = changed_values.astype(kind)


def _shape(file: h5py.File, place: str, random: Random) -> None:
    del file[place]
    axes = random.choice((0, 1, 2, 3, 32))
    shape = tuple(random.choice((0, 1, 2, 3, 5)) if axes < 32 else 1 for _ in range(axes))
    file[place] = np.ones(shape, random.choice(("i4", "i8", "f4", "c16", "?", "u1")))


def _claim(file: h5py.File, place: str, random: Random) -> None:
    """More than the file holds: chunks that were never written, filled with one value."""
    del file[place]
    side = random.choice((2**13, 2**16, 2**20, 2**31))
    shape = random.choice(((side,), (side, side)))
    kind = random.choice(("i4", "u1", f"S{2**20}", h5py.string_dtype()))
    file.create_dataset(place, shape, kind, chunks=(1,) * len(shape))


def _odd(file: h5py.File, place: str, random: Random) -> None:
    del file[place]
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
        h5py.SoftLink(f"/{place}"),
        h5py.ExternalLink("/etc/hostname", "/"),
    )
    file[place] = random.choice(odd)


def _group(file: h5py.File, place: str, random: Random) -> None:
    del file[place]
    group = file.create_group(place)
    group["type"] = random.choice((b"dense", b"input", b"flatten", b"conv", b"x"))
    if random.random() < 0.3:
        group["loop"] = file["/"]


def _copy(file: h5py.File, place: str, random: Random) -> None:
    places: list[str] = []
    file.visit(places.append)
    other = random.choice(places)
    # A copied group that holds itself would have no end.
    if isinstance(file[other], h5py.Dataset) and not other.startswith(place):
        del file[place]
        file.copy(other, place)


def _more(file: h5py.File, place: str, random: Random) -> None:
    name = random.choice(_FIELDS)
    holder = file[place] if isinstance(file[place], h5py.Group) else file[place].parent
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
