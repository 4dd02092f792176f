"""`.net` files that claim more than they hold: each a few kilobytes, of a good network."""

import io
import zlib
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

from tests.conformance.files import conv, dense, image, net_file

WEIGHT = [[20, -20], [30, 5], [7, 9]]
Change = Callable[[Any], object]


def _dataset(path: str, *arguments: Any, **options: Any) -> Change:
    """Put another dataset into the place of one."""

    def change(file: Any) -> None:
        if path in file:
            del file[path]
        file.create_dataset(path, *arguments, **options)

    return change


def _filled(path: str, shape: tuple[int, ...], kind: str, **options: Any) -> Change:
    return _dataset(path, shape, kind, fillvalue=1, **options)


def _strings(file: Any) -> None:
    del file["layer/0/type"]
    file.create_dataset("layer/0/type", (1 << 26,), h5py.string_dtype(), chunks=(1 << 20,))


def _long_word(file: Any) -> None:
    del file["layer/0/type"]
    file["layer/0/type"] = "dense" * 100_000


def _reference(file: Any) -> None:
    del file["layer/0/weight"]
    data = np.array([file["layer/0/shape"].ref], dtype=h5py.ref_dtype)
    file.create_dataset("layer/0/weight", data=data, dtype=h5py.ref_dtype)


def _lists(file: Any) -> None:
    del file["layer/0/weight"]
    dataset = file.create_dataset("layer/0/weight", (1,), h5py.vlen_dtype(np.int64))
    dataset[0] = np.arange(6)


def _bomb(file: Any) -> None:
    """Write a chunk of zeros that is a thousand times what it has room for."""
    del file["layer/0/weight"]
    options = {"chunks": (3, 2), "compression": "gzip"}
    dataset = file.create_dataset("layer/0/weight", (3, 2), "i8", **options)
    dataset.id.write_direct_chunk((0, 0), zlib.compress(bytes(256 << 20), 9))


def _garbage(file: Any) -> None:
    del file["layer/0/weight"]
    options = {"chunks": (3, 2), "compression": "gzip"}
    dataset = file.create_dataset("layer/0/weight", (3, 2), "i8", **options)
    dataset.id.write_direct_chunk((0, 0), b"not compressed at all")


def _twice(file: Any) -> None:
    del file["layer/0/weight"]
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk((3, 2))
    settings.set_deflate(9)
    settings.set_deflate(9)
    space, kind = h5py.h5s.create_simple((3, 2)), h5py.h5t.NATIVE_INT64
    h5py.h5d.create(file["layer/0"].id, b"weight", kind, space, settings)


def _lzf(file: Any) -> None:
    del file["layer/0/weight"]
    file.create_dataset("layer/0/weight", data=WEIGHT, chunks=(3, 2), compression="lzf")


def _shared(file: Any) -> None:
    """Write two thousand layers that are all one, by hard links."""
    del file["layer/0/weight"]
    file.create_dataset("layer/0/weight", data=np.ones((256, 256), "i8"), compression="gzip")
    file["layer/0/shape"][...] = 256
    for number in range(1, 2000):
        file[f"layer/{number}"] = file["layer/0"]


def _many(file: Any) -> None:
    for number in range(1, 5000):
        file[f"layer/{number}"] = file["layer/0"]


def _cycle(file: Any) -> None:
    del file["layer/0/neuron"]
    file["layer/0/neuron"] = h5py.SoftLink("/layer/0/neuron")


def _itself(file: Any) -> None:
    del file["layer/0/neuron"]
    file["layer/0/neuron"] = file["layer/0"]


def _external(file: Any) -> None:
    del file["layer/0/weight"]
    segments = [("/dev/zero", 0, 48)]
    file.create_dataset("layer/0/weight", (3, 2), "i8", external=segments)


def _external_link(file: Any) -> None:
    del file["layer/0/weight"]
    file["layer/0/weight"] = h5py.ExternalLink("/etc/hostname", "/x")


def _virtual(file: Any) -> None:
    del file["layer/0/weight"]
    layout = h5py.VirtualLayout((3, 2), "i8")
    layout[:] = h5py.VirtualSource("/dev/zero", "weight", (3, 2))
    file["layer/0"].create_virtual_dataset("weight", layout)


def _attributes(file: Any) -> None:
    file["layer/0/weight"].attrs["words"] = np.zeros(8000, np.int64)
    file["layer/0"].attrs["reference"] = file["layer/0/shape"].ref


SPREAD = net_file(image(1, 2048, 2048), conv(np.ones((1, 1, 1, 1), int), (1, 2048, 2048)))
SMALL = net_file(dense(WEIGHT))
_COMPOUND = np.dtype([("a", "i8"), ("b", "i8")])
# By name: a good file, the change, and words of the one error.
CHANGES: dict[str, tuple[bytes, Change, str]] = {
    "a string of 1 GB": (
        SMALL,
        _dataset("layer/0/type", (1,), h5py.string_dtype(length=1 << 30), chunks=(1,)),
        "layer0.type: 1 strings of 1073741824 bytes are none",
    ),
    "a number of 1 GB": (
        SMALL,
        _dataset("layer/0/weight", (1,), np.dtype("V1073741824"), chunks=(1,)),
        "layer0.weight: |V1073741824 is not a type of numbers",
    ),
    "2^26 strings": (SMALL, _strings, "layer0.type: 67108864 strings"),
    "a word of 500 kB": (SMALL, _long_word, "layer0.type: is a word of 500000 letters"),
    "8192 x 8192 of a fill value": (
        SMALL,
        _filled("layer/0/weight", (8192, 8192), "i4", chunks=(64, 64)),
        "layer0.weight: takes",
    ),
    "8192 x 8192 that nothing stores": (
        SMALL,
        _filled("layer/0/weight", (8192, 8192), "i1"),
        "layer0.weight: takes",
    ),
    "2^64 values": (
        SMALL,
        _filled("layer/0/weight", (1 << 32, 1 << 32), "i1", chunks=(64, 64)),
        "layer0.weight: claims 18446744073709551616 values",
    ),
    "a chunk of 4 GB": (
        SMALL,
        _dataset("layer/0/weight", (3, 2), "i8", chunks=(1 << 14, 1 << 14), maxshape=(None, None)),
        "layer0.weight: is in chunks of 2,147,483,648 bytes",
    ),
    "a million chunks that are not there": (
        SMALL,
        _filled("layer/0/weight", (1 << 20,), "u1", chunks=(1,)),
        "layer0.weight: is in 1,048,576 chunks, most of which are not there",
    ),
    "a chunk that is 256 MB of zeros": (SMALL, _bomb, "holds a chunk of more than 48 bytes"),
    "a chunk of garbage": (SMALL, _garbage, "layer0.weight: is damaged: Error -3"),
    "a filter twice": (SMALL, _twice, "layer0.weight: is filtered by [1, 1]"),
    "a filter of another's": (SMALL, _lzf, "layer0.weight: is filtered by [32000]"),
    "2000 layers that are one": (SMALL, _shared, "weight: takes"),
    "5000 layers": (SMALL, _many, "claims 5000 layers"),
    "a cycle of links": (SMALL, _cycle, "is a link to another place, which is not followed"),
    "a group in itself": (SMALL, _itself, "'dense' are not supported"),
    "another file's bytes": (SMALL, _external, "refers to another file, which is never opened"),
    "a link to another file": (SMALL, _external_link, "is a link to another place"),
    "a virtual dataset": (SMALL, _virtual, "refers to another file, which is never opened"),
    "a reference": (SMALL, _reference, "layer0.weight: refers to something else"),
    "lists of any length": (SMALL, _lists, "layer0.weight: refers to something else"),
    "pairs": (
        SMALL,
        _dataset("layer/0/weight", data=np.zeros((3, 2), _COMPOUND)),
        "is not a type of numbers",
    ),
    "tables in an array": (
        SMALL,
        _dataset("layer/0/weight", (3, 2), np.dtype(("i8", (1 << 12,)))),
        "layer0.weight: ('<i8', (4096,)) is not a type of numbers",
    ),
    "a bias that is spread": (
        SPREAD,
        _dataset("layer/1/bias", data=np.zeros((1, 1, 1), int)),
        "layer1.bias: takes 33,",
    ),
}


def changed(name: str) -> bytes:
    """Return the file that a change makes of a good one."""
    content, change, _ = CHANGES[name]
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        change(file)
    return buffer.getvalue()


def honest() -> dict[str, bytes]:
    """Return good files of some size, stored in every way that is taken."""
    random = np.random.default_rng(0)
    weight = np.where(random.random((300, 400)) < 0.05, random.integers(-99, 99, (300, 400)), 0)
    content = net_file(dense(weight))

    def stored(**options: Any) -> bytes:
        buffer = io.BytesIO(content)
        with h5py.File(buffer, "r+") as file:
            del file["layer/0/weight"]
            file.create_dataset("layer/0/weight", data=weight, **options)
        return buffer.getvalue()

    return {
        "plain": content,
        "chunked": stored(chunks=(64, 64)),
        "compressed": stored(chunks=(64, 64), compression="gzip", shuffle=True),
        "summed": stored(chunks=(64, 64), compression="gzip", fletcher32=True),
        "with attributes": _attributed(content),
    }


def _attributed(content: bytes) -> bytes:
    buffer = io.BytesIO(content)
    with h5py.File(buffer, "r+") as file:
        _attributes(file)
    return buffer.getvalue()
