"""Model files crafted to hang a reader, to fill its memory or to crash it."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from tests.fuzz import seeds

Write = Callable[[Path], object]


def _document() -> dict[str, Any]:
    document: dict[str, Any] = torch.load(io.BytesIO(seeds.models()[0]), weights_only=True)
    return document


def _changed(change: Callable[[dict[str, Any]], object]) -> Write:
    def write(path: Path) -> None:
        document = _document()
        change(document)
        torch.save(document, path)

    return write


def _shared(part: Any, levels: int = 40) -> Any:
    for _ in range(levels):
        part = [part, part]
    return part


def _within_itself(document: dict[str, Any]) -> None:
    endless: list[Any] = []
    endless.append(endless)
    document["more"] = endless


def _parts(document: dict[str, Any]) -> None:
    entry: Any = {"type": "Identity", "config": {}}
    for _ in range(30):
        entry = {"type": "Sequential", "parts": {"0": entry, "1": entry}}
    document["layers"]["0"] = entry


def _wide(make: Callable[[], torch.Tensor]) -> Write:
    """Build a layer with as many weights as a tensor claims to have."""

    def change(document: dict[str, Any]) -> None:
        weight = document["tensors"]["1.weight"] = make()
        outputs, inputs = weight.shape
        document["layers"]["1"]["config"].update(in_features=inputs, out_features=outputs)

    return _changed(change)


def _renamed(name: str) -> Write:
    def change(document: dict[str, Any]) -> None:
        document["layers"][name] = document["layers"].pop("1")
        for call in document["calls"]:
            call[:] = [name if part == "1" else part for part in call]
            call[2] = [name if part == "1" else part for part in call[2]]
        tensors = document["tensors"]
        tensors[f"{name}.weight"] = tensors.pop("1.weight")

    return _changed(change)


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(path, "w") as file:
        # torch looks no further without it.
        file.writestr("m/version", "3\n")
        yield file


def _pickle(content: bytes, *records: tuple[str, bytes]) -> Write:
    def write(path: Path) -> None:
        with _archive(path) as file:
            file.writestr("m/data.pkl", content)
            for name, record in records:
                file.writestr(f"m/{name}", record)

    return write


def _deflated(path: Path) -> None:
    """Compress 300 MB into some 300 kB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("m/version", "3\n")
        # All of record 0, as bytes.
        whole = _MILLION.replace(b"Float", b"Byte").replace(_COUNT, b"J\x00\x00\xc0\x12")
        file.writestr("m/data.pkl", b"\x80\x02" + whole)
        with file.open("m/data/0", "w") as record:
            for _ in range(300):
                record.write(bytes(1 << 20))


def _many_members(path: Path) -> None:
    with _archive(path) as file:
        for number in range(40_000):
            file.writestr(f"m/{number:020}", b"")


def _twice(path: Path) -> None:
    with _archive(path) as file:
        file.writestr("m/data.pkl", b"\x80\x02}.")
        file.writestr("n/data.pkl", b"\x80\x02}.")


# The start of a pickle: a tuple of a reference to record 0 of a million floats.
_STORAGE = (
    b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(("
    b"X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
    b"J\x40\x42\x0f\x00tQ"
)
_COUNT = b"J\x40\x42\x0f\x00"
# The tensor: all of the million, from the first; and a dictionary of it.
_MILLION = (
    b"}X\x01\x00\x00\x00x"
    + _STORAGE.removeprefix(b"\x80\x02")
    + b"K\x00J\x40\x42\x0f\x00\x85K\x01\x85\x89NtRs."
)
# A tuple that holds the one before it twice, forty times over, as a key.
_KEY = b"\x80\x02(K\x01\x85q\x00" + b"h\x00h\x00\x86q\x00" * 40 + b"t}h\x00K\x01s\x86."

# By its name: what writes it, and words of the error.
MODELS: dict[str, tuple[Write, str]] = {
    "shared lists": (_changed(lambda d: d.update(more=_shared("a"))), "shared or nested"),
    "shared layers": (_changed(_parts), "shared or nested"),
    "shared shape": (_changed(lambda d: d.update(input_shape=_shared(1))), "shared or nested"),
    "shared keys": (_pickle(_KEY), "a tuple is not a key"),
    "a list within itself": (_changed(_within_itself), "shared or nested"),
    "stride 0": (_wide(lambda: torch.zeros(1, 1).expand(1 << 15, 1 << 15)), "numbers overlap"),
    "overlapping": (
        _wide(lambda: torch.zeros(40_000).as_strided((20_000, 20_000), (1, 1))),
        "numbers overlap",
    ),
    "shared numbers": (
        _changed(lambda d: d.update(tensors=dict.fromkeys(map(str, range(999)), _HALVES))),
        "share their numbers too often",
    ),
    "deflated": (_deflated, "is compressed"),
    "more numbers than there are": (
        _pickle(b"\x80\x02" + _MILLION, ("data/0", bytes(64))),
        "does not hold 1,000,000 numbers",
    ),
    "no numbers at all": (_pickle(b"\x80\x02" + _MILLION), "data/0"),
    "half a number": (_pickle(b"\x80\x02G\x00\x00."), "damaged"),
    "half an integer": (_pickle(b"\x80\x02J\x00."), "damaged"),
    "a long integer": (_pickle(b"\x80\x02\x8b\xff\xff\xff\x7f"), "damaged"),
    "a distant memo": (_pickle(b"\x80\x02Nr\xff\xff\xff\xff0."), "POP"),
    "an allocation": (
        _pickle(b"\x80\x02cbuiltins\nbytearray\n\x8a\x05\x00\x00\x00\x00\x10\x85R."),
        "builtins bytearray",
    ),
    "a tensor of torch's": (_pickle(b"\x80\x02ctorch\nTensor\nJ\xff\xff\xff\x7f\x85R."), "Tensor"),
    "an empty stack": (_pickle(b"\x80\x02t."), "damaged"),
    "two descriptions": (_twice, "2 records called data.pkl"),
    "many members": (_many_members, "the directory is larger"),
    "another byte order": (_pickle(b"\x80\x02}.", ("byteorder", b"big")), "byte order"),
    "a layer called training": (_renamed("training"), "'training' is not a name for a layer"),
    "hooks": (_renamed("_state_dict_hooks"), "'_state_dict_hooks' is not a name for a layer"),
    "a layer called forward": (_renamed("forward"), "'forward' is not a name for a layer"),
    "a layer within a method": (_renamed("a.half"), "'half' is not a name for a layer"),
    "a layer within a layer": (_renamed("0.synapse"), "layer 0 contains another one"),
}
_HALVES = torch.zeros(100_000, dtype=torch.float16)
