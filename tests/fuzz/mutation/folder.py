"""Artifacts with a fault in a file and new hashes, in the manifest, or in a file's type."""

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from random import Random

from tests.fuzz.mutation import archive, data, hdf5, json_text, protobuf, raw

Files = Mapping[str, bytes]
MANIFEST = "manifest.json"
_BY_SUFFIX: dict[str, raw.Change] = {
    ".json": json_text.changed,
    ".net": hdf5.changed,
    ".onnx": protobuf.changed,
    ".pt": archive.changed,
}


def write_changed(files: Files, folder: Path, random: Random) -> None:
    """Write the artifact with one fault into a folder."""
    contents, kind = dict(files), random.random()
    named = [name for name in contents if name != MANIFEST]
    name = random.choice(named)
    if kind < 0.6:
        change = _BY_SUFFIX.get(Path(name).suffix, raw.changed)
        contents[name] = raw.attempted(change, contents[name], random)
        if random.random() < 0.95:
            contents[MANIFEST] = _vouched(contents)
    elif kind < 0.93:
        contents[MANIFEST] = _manifest(contents, random)
    for other, content in contents.items():
        (folder / other).write_bytes(content)
    if kind >= 0.93:
        _exchange(folder / random.choice((*named, MANIFEST)), random)


def _vouched(files: Files) -> bytes:
    """Return the manifest with the hashes of the files as they are now."""
    manifest = json.loads(files[MANIFEST])
    manifest["files"] = {name: sha256(files[name]).hexdigest() for name in manifest["files"]}
    return json.dumps(manifest).encode()


def _manifest(files: Files, random: Random) -> bytes:
    """Return the manifest with one fault, mostly in the contract, and a digest that fits."""
    if random.random() < 0.2:
        return json_text.changed(files[MANIFEST], random)
    manifest = json.loads(files[MANIFEST])
    if random.random() < 0.6:
        manifest["contract"] = data.changed(manifest["contract"], random)
    else:
        manifest = data.changed(manifest, random)
    if isinstance(manifest, dict) and "contract" in manifest:
        try:
            text = json.dumps(manifest["contract"], sort_keys=True)
            manifest["contract_sha256"] = sha256(text.encode()).hexdigest()
        except (TypeError, RecursionError):
            # Keys of several kinds cannot be sorted.
            return json_text.changed(files[MANIFEST], random)
    return json_text.written(manifest)


def _exchange(path: Path, random: Random) -> None:
    """Put something else where a file belongs."""
    path.unlink()
    kind = random.choice(("pipe", "folder", "device", "link", "loop", "nothing", "hole", "out"))
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "link":
        path.symlink_to("/etc/hostname")
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "out":
        path.symlink_to("..")
    elif kind == "hole":
        # A sparse file of a terabyte.
        with path.open("wb") as file:
            file.truncate(1 << 40)
