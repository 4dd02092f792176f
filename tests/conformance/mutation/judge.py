"""The outcome of a changed artifact: found, refused, or taken for equal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from neurodeploy.artifact import MANIFEST, digest, program_hashes, read_folder
from neurodeploy.errors import NeurodeployError
from neurodeploy.target import target
from neurodeploy.verification import Original, held_by, subject_of, verify
from tests.conformance.mutation.edits import Edit, of_bytes, of_hdf5, of_json, of_protobuf
from tests.conformance.mutation.subjects import Subject

# Bytes that are changed of each file whose every byte counts alike.
_BYTES = 40

# Fields of the manifest that mean nothing for what is computed, each with its reason.
MEANINGLESS = {
    "tools": "says who wrote the artifact; every byte is compared with what this version writes",
    "model": "names a file for people; verify compares networks, and says if the file is another",
}


def edits_of(subject: Subject, rng: Random) -> dict[str, list[Edit]]:
    """Every change of every file, and of the manifest."""
    files = {name: subject.artifact.files[name] for name in subject.artifact.files}
    manifest = json.dumps(subject.artifact.manifest()).encode()
    # Hashes are made anew after a change; to change one is to undo that.
    skipped = frozenset({"files", "contract_sha256"})
    return {MANIFEST: list(of_json(manifest, skipped))} | {
        name: list(_edits(name, content, rng)) for name, content in files.items()
    }


def _edits(name: str, content: bytes, rng: Random) -> Iterator[Edit]:
    places = sorted(rng.sample(range(len(content)), min(len(content), _BYTES)))
    yield from of_bytes(content, iter(places))
    kinds = {".json": of_json, ".net": of_hdf5, ".onnx": of_protobuf}
    kind = next((kinds[end] for end in kinds if name.endswith(end)), None)
    if kind is not None:
        yield from kind(content)


def judged(subject: Subject, name: str, edit: Edit, folder: Path, *, whole: bool) -> str:
    """Write the changed artifact with its hashes made anew, verify it, and name the outcome.

    A `whole` insider makes the hashes of the program anew as well, so that the artifact is one of
    another network: then the model is there to compare with.
    """
    content = edit.make()
    files = {each: subject.artifact.files[each] for each in subject.artifact.files}
    manifest: Any = subject.artifact.manifest()
    if name == MANIFEST:
        manifest = json.loads(content)
        if whole and edit.label.startswith("program"):
            return "no change"
    elif content == files[name]:
        return "no change"
    else:
        files[name] = content
    _write(folder, files, manifest)
    try:
        artifact = read_folder(folder)
        chip = target(artifact.target)
        if whole:
            manifest["program"] = program_hashes(held_by(chip, artifact))
            _write(folder, files, manifest)
            artifact = read_folder(folder)
        original = Original(network=subject.network if whole else None)
        report = verify(subject_of(artifact, original), subject.samples, simulator="none")
    except NeurodeployError:
        return "refused"
    return "equal" if report.equal else "found"


def _write(folder: Path, files: dict[str, bytes], manifest: Any) -> None:
    """Write a folder as somebody would who knows how its hashes are made."""
    folder.mkdir(exist_ok=True)
    for each, content in files.items():
        (folder / each).write_bytes(content)
    if isinstance(manifest.get("files"), dict):
        manifest["files"] = {each: digest(content) for each, content in files.items()}
    contract = json.dumps(manifest.get("contract"), sort_keys=True).encode()
    (folder / MANIFEST).write_text(json.dumps(manifest | {"contract_sha256": digest(contract)}))


def means_nothing(name: str, edit: Edit) -> bool:
    """Whether the changed field is on the list of those that mean nothing."""
    if name != MANIFEST:
        return False
    return edit.label.split(".")[0].split(" ")[0] in MEANINGLESS
