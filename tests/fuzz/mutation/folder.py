"""Artifacts changed in a file, with hashes made anew; in the manifest; or in what a file is."""

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
    """Write the artifact with something wrong into a folder."""
    held, kind = dict(files), random.random()
    named = [name for name in held if name != MANIFEST]
    name = random.choice(named)
    if kind < 0.6:
        change = _BY_SUFFIX.get(Path(name).suffix, raw.changed)
        held[name] = raw.attempted(change, held[name], random)
        if random.random() < 0.95:
            held[MANIFEST] = _vouched(held)
    elif kind < 0.93:
        held[MANIFEST] = _manifest(held, random)
    for other, content in held.items():
        (folder / other).write_bytes(content)
    if kind >= 0.93:
        _exchange(folder / random.choice((*named, MANIFEST)), random)


def _vouched(files: Files) -> bytes:
    """The manifest with the hashes of the files as they are now."""
    manifest = json.loads(files[MANIFEST])
    manifest["files"] = {name: sha256(files[name]).hexdigest() for name in manifest["files"]}
    return json.dumps(manifest).encode()


def _manifest(files: Files, random: Random) -> bytes:
    """The manifest with something wrong, mostly in its contract, which it vouches for."""
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


def _exchange(place: Path, random: Random) -> None:
    """Something else where a file belongs."""
    place.unlink()
    kind = random.choice(("pipe", "folder", "device", "link", "loop", "nothing", "hole", "out"))
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    elif kind == "device":
        place.symlink_to("/dev/zero")
    elif kind == "link":
        place.symlink_to("/etc/hostname")
    elif kind == "loop":
        place.symlink_to(place.name)
    elif kind == "out":
        place.symlink_to("..")
    elif kind == "hole":
        # A file of a terabyte that takes no place.
        with place.open("wb") as file:
            file.truncate(1 << 40)
