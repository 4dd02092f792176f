"""Artifacts: the files a vendor's loader takes, beside a manifest that vouches for them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from neurodeploy.content import content_of
from neurodeploy.errors import ArtifactError
from neurodeploy.files import Piece, write_folder_atomically
from neurodeploy.graph import Graph
from neurodeploy.program import Program

SCHEMA = 1
MANIFEST = "manifest.json"
TOOLCHAIN = "neurodeploy-toolchain"
_FIELDS = {"schema", "target", "tools", "model", "program", "files"} | {
    "options",
    "contract",
    "contract_sha256",
}


class Folder(Mapping[str, bytes]):
    """The files of a folder that was written, each read from the disk when it is asked for."""

    def __init__(self, path: Path, names: Iterable[str]) -> None:
        self._path, self._names = path, tuple(names)

    def __getitem__(self, name: str) -> bytes:
        if name not in self._names:
            raise KeyError(name)
        return (self._path / name).read_bytes()

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return self.keys() == other.keys() and all(self[name] == other[name] for name in self)

    # Two folders are compared by what they hold.
    __hash__ = None  # type: ignore[assignment]


def tools_here() -> dict[str, str]:
    """Return what makes artifacts in this process, with its version."""
    return {TOOLCHAIN: toolchain_version()}


def toolchain_version() -> str:
    """Return the installed version of this distribution."""
    try:
        return version(TOOLCHAIN)
    except PackageNotFoundError:
        return "not installed"


@dataclass(frozen=True)
class Artifact:
    """Files by name, and what a reader must know that the files do not say."""

    target: str
    files: Mapping[str, bytes]
    # Layer names, reset phase, input and output: what the format leaves open.
    contract: Mapping[str, Any] = field(default_factory=dict)
    # Hashes of what it was made from; empty for a vendor's file that we did not write.
    program: Mapping[str, Any] = field(default_factory=dict)
    model_sha256: str | None = None
    path: Path | None = None
    # Files that are not what the manifest says, with what is wrong about each.
    edited: tuple[str, ...] = ()
    # What `compile` was told beside the program: with both, every byte is made again.
    options: Mapping[str, Any] = field(default_factory=dict)
    # What made it, with versions; nothing is known of a vendor's bare file.
    tools: Mapping[str, str] = field(default_factory=tools_here)

    def __repr__(self) -> str:
        place = "in memory" if self.path is None else str(self.path)
        return f"Artifact({self.target}, {place}: {', '.join(self.files)})"

    @property
    def foreign(self) -> bool:
        """Whether this is a bare file of the vendor's format, without a manifest."""
        return not self.program

    @property
    def exact(self) -> bool:
        """Whether it computes integers; a network in floats is equal within a tolerance."""
        return self.contract.get("exact", True) is not False

    def manifest(self) -> dict[str, Any]:
        """The manifest as plain data."""
        return self._manifest({name: content_of(self.files, name).sha256() for name in self.files})

    def _manifest(self, hashes: Mapping[str, str]) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "target": self.target,
            "tools": dict(self.tools),
            "model": {"sha256": self.model_sha256} if self.model_sha256 else None,
            "program": dict(self.program),
            "files": dict(sorted(hashes.items())),
            "options": dict(self.options),
            "contract": dict(self.contract),
            "contract_sha256": _contract_digest(self.contract),
        }

    def write(self, folder: str | os.PathLike[str]) -> Artifact:
        """The artifact as a folder, there whole or not at all.

        Raises:
            OutputError: if it cannot be written, or the folder holds other things.
        """
        place, hashes = Path(folder), dict[str, str]()

        def written(name: str) -> Iterator[Piece]:
            known = sha256()
            for piece in content_of(self.files, name).pieces():
                known.update(piece)
                yield piece
            hashes[name] = known.hexdigest()

        def vouching() -> Iterator[Piece]:
            # Made last, when every file's hash is known.
            yield (json.dumps(self._manifest(hashes), sort_keys=True, indent=2) + "\n").encode()

        files = {name: written(name) for name in self.files} | {MANIFEST: vouching()}
        write_folder_atomically(place, files, ours=_is_artifact)
        return replace(self, path=place, files=Folder(place, self.files))

    def require_unedited(self) -> None:
        """Nothing if every file is what the manifest says.

        Raises:
            ArtifactError: otherwise; names the file.
        """
        if self.edited:
            raise ArtifactError(f"{self.path}: {self.edited[0]}", remedy="export the model again")


def _contract_digest(contract: Mapping[str, Any]) -> str:
    return digest(json.dumps(contract, sort_keys=True).encode())


def digest(content: bytes) -> str:
    """The hash that a manifest holds of a file."""
    return sha256(content).hexdigest()


def program_hashes(program: Program | Graph) -> dict[str, Any]:
    """What a manifest holds of a program: its hash, and one for every node to name a change."""
    return {"sha256": program.sha256, "nodes": dict(program.digests)}


def read_folder(folder: Path) -> Artifact:
    """The artifact in a folder; files that were edited are noted, not trusted.

    Raises:
        ArtifactError: if there is no manifest, it is damaged, or a file is missing.
    """
    manifest = _manifest(folder)
    try:
        named = dict(manifest["files"])
        target, contract = str(manifest["target"]), dict(manifest["contract"])
        model = manifest["model"]
        hashes = manifest["program"]
        program = {"sha256": str(hashes["sha256"]), "nodes": dict(hashes["nodes"])}
        model_hash = None if model is None else str(model["sha256"])
        strange = {*hashes} - {"sha256", "nodes"} | {*(model or ())} - {"sha256"}
        if strange:
            raise ValueError(f"has a field that no manifest has: {min(strange)!r:.80}")
        options, tools = dict(manifest["options"]), dict(manifest["tools"])
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{folder / MANIFEST}: is damaged: {error}") from error
    files: dict[str, bytes] = {}
    edited = []
    if manifest.get("contract_sha256") != _contract_digest(contract):
        edited.append(f"the contract in {MANIFEST} is not the one that was exported")
    for name, expected in named.items():
        if Path(name).name != name or name == "..":
            raise ArtifactError(f"{folder / MANIFEST}: names a file outside the folder: {name}")
        try:
            files[name] = (folder / name).read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ArtifactError(f"{folder / name}: cannot be read: {reason}") from error
        if digest(files[name]) != expected:
            edited.append(f"{name} is not the file that was exported")
    known = (contract, program, model_hash, folder, tuple(edited), options, tools)
    return Artifact(target, files, *known)


def _is_artifact(folder: Path) -> bool:
    """Whether the folder holds an artifact and nothing else, so that nothing else is lost."""
    try:
        named = {*_manifest(folder)["files"], MANIFEST}
    except (ArtifactError, KeyError, TypeError):
        return False
    return {path.name for path in folder.iterdir()} <= named


def _manifest(folder: Path) -> dict[str, Any]:
    place = folder / MANIFEST
    if not place.is_file():
        raise ArtifactError(f"{folder}: is no artifact: it has no {MANIFEST}")
    try:
        manifest = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ArtifactError(f"{place}: cannot be read: {error}") from error
    # JSON's true and 1.0 are equal to 1 in Python.
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if type(schema) is not int or schema != SCHEMA:
        raise ArtifactError(f"{place}: is no manifest of schema {SCHEMA}")
    if strange := sorted(manifest.keys() - _FIELDS):
        raise ArtifactError(f"{place}: has a field that no manifest has: {strange[0]!r:.80}")
    return manifest
