"""Samples, artifacts and documents crafted to hang a reader or to fill its memory."""

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.artifact import _contract_digest
from tests.fuzz import seeds

Write = Callable[[Path], object]
_TERABYTE = 1 << 40


def _npy(
    descr: str, shape: str = "(2, 2, 6)", numbers: bytes = bytes(24), version: int = 1
) -> Write:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    return _with_header(header, numbers, version)


def _with_header(header: bytes, numbers: bytes = b"", version: int = 1) -> Write:
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    content = b"\x93NUMPY" + bytes((version, 0)) + length + header + numbers
    return lambda path: path.write_bytes(content)


def _members(method: int, **members: bytes) -> Write:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", method) as file:
            for name, content in members.items():
                file.writestr(name.replace("_", "."), content)

    return write


def _saved(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _claims(unpacked: int) -> Write:
    """Return a writer of a packed member whose directory claims this unpacked size."""

    def write(path: Path) -> None:
        shape = f"({unpacked - 128}, 1, 1)"
        header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
        content = b"\x93NUMPY\1\0\x76\0" + header.encode().ljust(118)
        _zeros(path, content)
        archive = bytearray(path.read_bytes())
        size = struct.pack("<I", unpacked)
        archive[22:26] = size
        entry = struct.unpack_from("<I", archive, len(archive) - 6)[0]
        archive[entry + 24 : entry + 28] = size
        path.write_bytes(archive)

    return write


def _hole(path: Path) -> None:
    """Write a sparse file of a terabyte that starts as an array does."""
    with path.open("wb") as file:
        file.write(b"\x93NUMPY\1\0")
        file.truncate(_TERABYTE)


def _header_of_a_gigabyte(path: Path) -> None:
    _zeros(path, b"\x93NUMPY\2\0" + struct.pack("<I", 1 << 30))


def _zeros(path: Path, start: bytes) -> None:
    """Write packed samples: a start, then 300 MB of zeros."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file,
        file.open("samples.npy", "w") as m,
    ):
        m.write(start)
        for _ in range(300):
            m.write(bytes(1 << 20))


def linked(target: str) -> Write:
    """Return a writer of a symbolic link."""
    return lambda path: path.symlink_to(target)


SAMPLES: dict[str, tuple[Write, str]] = {
    "a pipe": (os.mkfifo, "is not a regular file"),
    "a device": (linked("/dev/zero"), "is not a regular file"),
    "a folder": (Path.mkdir, "is not a regular file"),
    "a hole": (_hole, "bytes of memory are free"),
    "a member without .npy": (_members(0, samples=b"words"), "not in NumPy's format"),
    "gigabytes of zeros": (_claims(3 << 30), "unpacks 3"),
    "longer than it says": (_claims(1 << 16), "damaged|longer than it says|CRC"),
    "a long header": (_header_of_a_gigabyte, "header is too long"),
    "a deep header": (_with_header(b"[" * 9000), "header is damaged"),
    "half a header": (_with_header(b"{'descr': '<i4', 'shape': (1L"), "header is damaged"),
    "a long number": (_npy("'<i4'", f"({'9' * 5000},)"), "header is damaged"),
    "a negative shape": (_npy("'<i4'", "(-1, 2, 3)"), "claims int32"),
    "a great claim": (_npy("'<i4'", f"({1 << 40}, 2, 3)"), "claims int32"),
    "objects": (_npy("'|O'"), "Python objects"),
    "structures": (_npy("[('a', '<i4'), ('b', '<f8')]"), "not numbers"),
    "arrays of arrays": (_npy("'(4000,4000)i8'"), "not numbers|header is damaged"),
    "complex numbers": (_npy("'<c16'"), "complex128, not numbers"),
    "dates": (_npy("'<M8[s]'"), "not numbers"),
    "words": (_npy("'<U9'"), "not numbers"),
    "format 3": (_npy("'<i4'", version=3), "format 1.0 or 2.0"),
    "another packing": (_members(zipfile.ZIP_BZIP2, samples_npy=bytes(1 << 20)), "nor deflated"),
    "more numbers": (_npy("'|u1'", numbers=bytes(25)), "longer than it says"),
}


def _artifact(folder: Path, change: Callable[[Path], object]) -> None:
    folder.mkdir()
    for name, content in seeds.artifacts("loihi")[0].items():
        (folder / name).write_bytes(content)
    change(folder)


def _instead(name: str, write: Write) -> Write:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        write(folder / name)

    return lambda path: _artifact(path, change)


def _manifest(change: Callable[[dict[str, Any]], object]) -> Write:
    def rewrite(folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        change(manifest)
        manifest["contract_sha256"] = _contract_digest(manifest["contract"])
        (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")

    return lambda path: _artifact(path, rewrite)


def _written(old: str, new: str) -> Write:
    def rewrite(folder: Path) -> None:
        text = (folder / "manifest.json").read_text("utf-8")
        assert old in text
        (folder / "manifest.json").write_text(text.replace(old, new), "utf-8")

    return lambda path: _artifact(path, rewrite)


_PLACES: dict[str, tuple[Write, str]] = {
    "a pipe": (os.mkfifo, "is not a regular file"),
    "a device": (linked("/dev/zero"), "is a symbolic link"),
    "a foreign file": (linked("/etc/hostname"), "is a symbolic link"),
    "a folder": (Path.mkdir, "is not a regular file"),
    "a hole": (_hole, "at most .* are read|bytes of memory are free"),
}
FOLDERS: dict[str, tuple[Write, str]] = {
    f"{name}: {what}": (_instead(name, write), words)
    for name in ("network.net", "manifest.json")
    for what, (write, words) in _PLACES.items()
} | {
    "files in a list": (_manifest(lambda m: m.update(files=[[1, "x"]])), "'files' is"),
    "a number for a hash": (_manifest(lambda m: m["files"].update(x=1)), "'files' is"),
    "the manifest's own name": (_manifest(lambda m: m["files"].update({"a\\b": "0"})), "outside"),
    "an infinite exponent": (
        _manifest(lambda m: m["contract"].update(exponents=[float("inf")])),
        "Infinity is not a number",
    ),
    "an exponent of text": (
        _manifest(lambda m: m["contract"].update(exponents=[None, "x", None, None, None])),
        "manifest.json",
    ),
    "a fraction": (
        _manifest(lambda m: m["contract"].update(exponents=[None, 0.5, None, None, None])),
        "manifest.json",
    ),
    "no number": (_written('"schema": 1', '"schema": NaN'), "NaN is not a number"),
    "too large a number": (_written('"schema": 1', '"schema": 1e999'), "too large a number"),
    "a long number": (_written('"schema": 1', '"schema": 1' + "0" * 5000), "too large"),
    "a key twice": (_written('"schema": 1', '"schema": 1, "schema": 1'), "occurs twice"),
    "half a character": (_written('"schema": 1', '"schema": "\\ud800"'), "surrogates"),
    "many levels": (_written('"schema": 1', '"schema": ' + "[" * 99 + "]" * 99), "64 levels"),
    "no end of levels": (_written('"schema": 1', '"schema": ' + "[" * 99_999), "64 levels"),
    "a large manifest": (_written('"schema": 1', '"schema": 1' + " " * (9 << 20)), "at most"),
}
BARE: dict[str, tuple[Write, str]] = {
    "a pipe": (os.mkfifo, "is not a regular file"),
    "a device": (linked("/dev/zero"), "is not a regular file"),
    "a hole": (_hole, "bytes of memory are free"),
    "nothing": (lambda path: None, "no such file"),
}
