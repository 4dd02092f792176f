"""Artifacts: the files that a vendor's loader reads, with a manifest that vouches for them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from neurodeploy.data import strict_json
from neurodeploy.data.content import content_of
from neurodeploy.data.files import REMEDIES, Piece, write_folder_atomically
from neurodeploy.data.reading import JSON_BYTES, read_regular
from neurodeploy.data.typed import fits
from neurodeploy.distribution import DISTRIBUTION, toolchain_version
from neurodeploy.errors import ArtifactError
from neurodeploy.graph import Graph
from neurodeploy.program import Program

SCHEMA = 1
MANIFEST = "manifest.json"
# The folder beside the manifest that holds proofs; the artifact is the same without it.
PROOFS = "proofs"
_PROOF_FILES = frozenset({".json", ".smt2", ".npz"})
# The members of a manifest with their types; no other members are allowed.
_MEMBERS: dict[str, Any] = {
    "schema": int,
    "target": str,
    "tools": Mapping[str, str],
    "model": Mapping[str, str] | None,
    "program": Mapping[str, object],
    "files": Mapping[str, str],
    "options": Mapping[str, str | int | bool],
    "contract": Mapping[str, object],
    "contract_sha256": str,
}
_EXPORT_AGAIN = "copy the whole folder again, or export the model again"
# Characters that file names cannot contain on some system.
_IN_NO_NAME = frozenset("/\\:\0")


class Folder(Mapping[str, bytes]):
    """The files of a written folder, each read from the disk on demand."""

    def __init__(self, path: Path, names: Iterable[str]) -> None:
        self._path, self._names = path, tuple(names)

    def __getitem__(self, name: str) -> bytes:
        if name not in self._names:
            raise KeyError(name)
        return _content(self._path, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def tools_here() -> dict[str, str]:
    """Return the tools that build artifacts in this process, with their versions."""
    return {DISTRIBUTION: toolchain_version()}


@dataclass(frozen=True)
class Artifact:
    """Files by name, with the facts that a reader needs and the files do not state."""

    target: str
    files: Mapping[str, bytes]
    # Layer names, reset phase, input and output: what the format leaves open.
    contract: Mapping[str, Any] = field(default_factory=dict)
    # Hashes of the sources; empty for a vendor's file that we did not write.
    program: Mapping[str, Any] = field(default_factory=dict)
    model_sha256: str | None = None
    path: Path | None = None
    # Files that differ from the manifest, with a description of each difference.
    edited: tuple[str, ...] = ()
    # The options of `compile`; with these and the program, every byte can be produced again.
    options: Mapping[str, Any] = field(default_factory=dict)
    # The tools and their versions; empty for a vendor's bare file.
    tools: Mapping[str, str] = field(default_factory=tools_here)

    def __repr__(self) -> str:
        location = "in memory" if self.path is None else str(self.path)
        return f"Artifact({self.target}, {location}: {', '.join(self.files)})"

    @property
    def foreign(self) -> bool:
        """Whether this is a bare file of the vendor's format, without a manifest."""
        return not self.program

    @property
    def exact(self) -> bool:
        """Whether it computes integers; a float network is equal within a tolerance."""
        return self.contract.get("exact", True) is not False

    def manifest(self) -> dict[str, Any]:
        """Return the manifest as plain data."""
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
        """Write the artifact as a folder, whole or not at all, and return it.

        Raises:
            OutputError: if it cannot be written, or the folder holds other files.
        """
        path, hashes = Path(folder), dict[str, str]()

        def written(name: str) -> Iterator[Piece]:
            digest = sha256()
            for piece in content_of(self.files, name).pieces():
                digest.update(piece)
                yield piece
            hashes[name] = digest.hexdigest()

        def vouching() -> Iterator[Piece]:
            # The manifest comes last, when every file's hash is known.
            yield (json.dumps(self._manifest(hashes), sort_keys=True, indent=2) + "\n").encode()

        files = {name: written(name) for name in self.files} | {MANIFEST: vouching()}
        write_folder_atomically(path, files, ours=_is_artifact)
        return replace(self, path=path, files=Folder(path, self.files))

    def require_unedited(self) -> None:
        """Check that every file matches the manifest.

        Raises:
            ArtifactError: otherwise; names the file.
        """
        if self.edited:
            raise ArtifactError(f"{self.path}: {self.edited[0]}", remedy="export the model again")


def _contract_digest(contract: Mapping[str, Any]) -> str:
    return digest(json.dumps(contract, sort_keys=True).encode())


def digest(content: bytes) -> str:
    """Return the hash of a file as a manifest stores it."""
    return sha256(content).hexdigest()


def program_hashes(program: Program | Graph) -> dict[str, Any]:
    """Return a program's entry in a manifest: its hash, and one per node to locate a change."""
    return {"sha256": program.sha256, "nodes": dict(program.digests)}


def read_folder(folder: Path) -> Artifact:
    """Return the artifact in a folder; edited files are recorded, not trusted.

    Raises:
        ArtifactError: if the manifest is missing or damaged, or a file is missing or is not a
            regular file of the folder's own.
    """
    manifest = _manifest(folder)
    files: dict[str, bytes] = {}
    edited = []
    if manifest.get("contract_sha256") != _contract_digest(manifest["contract"]):
        edited.append(f"the contract in {MANIFEST} is not the one that was exported")
    for name, expected in manifest["files"].items():
        files[name] = _content(folder, name)
        if digest(files[name]) != expected:
            edited.append(f"{name} is not the file that was exported")
    program, model = manifest["program"], manifest["model"]
    return Artifact(
        manifest["target"],
        files,
        manifest["contract"],
        {"sha256": program["sha256"], "nodes": program["nodes"]},
        None if model is None else model["sha256"],
        folder,
        tuple(edited),
        manifest["options"],
        manifest["tools"],
    )


def _content(folder: Path, name: str) -> bytes:
    if Path(name).name != name or name == ".." or set(name) & _IN_NO_NAME:
        raise ArtifactError(
            f"{folder / MANIFEST}: names a file outside the folder: {name[:80]}",
            remedy=_EXPORT_AGAIN,
        )
    try:
        return read_regular(folder / name, links=False)
    except (OSError, ValueError) as error:
        raise unreadable(folder / name, error) from error


def unreadable(path: Path, error: OSError | ValueError) -> ArtifactError:
    """Return the error for an unreadable file of an artifact, with a remedy."""
    reason = getattr(error, "strerror", None) or error
    number = getattr(error, "errno", None) or 0
    return ArtifactError(
        f"{path}: cannot be read: {reason}", remedy=REMEDIES.get(number, _EXPORT_AGAIN)
    )


def _is_artifact(folder: Path) -> bool:
    """Return whether the folder holds only an artifact, so that replacing it loses nothing else."""
    try:
        named = {*_manifest(folder)["files"], MANIFEST}
    except (ArtifactError, KeyError, TypeError):
        return False
    others = {path.name for path in folder.iterdir()} - named
    return not others or (others == {PROOFS} and is_proofs(folder / PROOFS))


def is_proofs(folder: Path) -> bool:
    """Return whether a folder holds only proofs, so that replacing it loses nothing else."""
    if not folder.is_dir() or folder.is_symlink():
        return False
    return all(path.suffix in _PROOF_FILES and path.is_file() for path in folder.iterdir())


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = strict_json.loads(read_regular(path, most=JSON_BYTES, links=False))
    except FileNotFoundError as error:
        raise ArtifactError(
            f"{folder}: is not an artifact: it has no {MANIFEST}", remedy=_EXPORT_AGAIN
        ) from error
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    # In Python, JSON's true and 1.0 equal 1.
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if not isinstance(manifest, dict) or type(schema) is not int or schema != SCHEMA:
        raise ArtifactError(f"{path}: is not a manifest of schema {SCHEMA}", remedy=_EXPORT_AGAIN)
    _require_members(path, manifest)
    return manifest


def _require_members(path: Path, manifest: Mapping[str, Any]) -> None:
    """Check that every member that we read is there and has the right type."""
    for name, hint in _MEMBERS.items():
        if name not in manifest or not fits(manifest[name], hint):
            value = f"is {manifest[name]!r:.80}" if name in manifest else "is missing"
            raise ArtifactError(f"{path}: is damaged: {name!r} {value}", remedy=_EXPORT_AGAIN)
    program, model = manifest["program"], manifest["model"]
    keys_of = {"program": {"sha256", "nodes"}, "model": {"sha256"}}
    strange = [*(manifest.keys() - _MEMBERS.keys())]
    strange += [key for name in keys_of for key in {*(manifest[name] or ())} - keys_of[name]]
    if strange:
        words = f"has a field that no manifest has: {min(strange)!r:.80}"
        raise ArtifactError(f"{path}: {words}", remedy=_EXPORT_AGAIN)
    if not fits(program.get("sha256"), str) or not fits(program.get("nodes"), Mapping[str, str]):
        raise ArtifactError(f"{path}: is damaged: 'program' has no hashes", remedy=_EXPORT_AGAIN)
    if model is not None and "sha256" not in model:
        raise ArtifactError(f"{path}: is damaged: 'model' has no hash", remedy=_EXPORT_AGAIN)
