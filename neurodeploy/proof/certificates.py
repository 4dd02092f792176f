"""Certificates: the proved questions beside an artifact's manifest, and their second reading.

They lie in a folder of their own, which no manifest mentions: an artifact's bytes stay the same
whether somebody proved it or not. What they prove is bound to the bytes by their hashes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.artifact import PROOFS, Artifact, digest, is_proofs
from neurodeploy.data import strict_json
from neurodeploy.data.content import content_of
from neurodeploy.data.files import write_folder_atomically
from neurodeploy.data.reading import JSON_BYTES, read_regular
from neurodeploy.errors import ArtifactError
from neurodeploy.proof.proofs import Certificate, Proof, Proofs

SCHEMA = 1
INDEX = "proofs.json"
DIFFERENT = "the stored certificates are of another artifact"
_AGAIN = "neurodeploy prove writes them again"


def write_certificates(artifact: Artifact, proofs: Proofs) -> Proofs:
    """Write the proofs beside an artifact's manifest, and return them with the files' names.

    An artifact in memory and a bare file have no folder for them.

    Raises:
        OutputError: if they cannot be written.
    """
    if artifact.path is None or artifact.foreign:
        return proofs
    folder = artifact.path / PROOFS
    contents: dict[str, bytes] = {}
    layers = []
    proofs = replace(proofs, layers={name: _named(p, folder) for name, p in proofs.items()})
    for proof in proofs.values():
        entries = []
        for certificate in proof.certificates:
            name = f"{len(contents):03}.{re.sub(r'[^0-9A-Za-z]+', '_', certificate.goal)}.smt2"
            contents[name] = certificate.text.encode()
            entries.append(_entry(name, certificate, contents[name]))
        layers.append(proof.to_json() | {"certificates": entries})
        example = proof.counterexample
        if example is not None and example.file is not None and example.samples is not None:
            buffer = BytesIO()
            np.savez(buffer, samples=example.samples)
            contents[example.file.name] = buffer.getvalue()
    index = {
        **proofs.to_json(),
        "schema": SCHEMA,
        "files": _hashes(artifact),
        "layers": layers,
    }
    contents[INDEX] = (json.dumps(index, sort_keys=True, indent=1) + "\n").encode()
    write_folder_atomically(folder, contents, ours=is_proofs)
    return proofs


def _named(proof: Proof, folder: Path) -> Proof:
    """Return a proof whose samples, if it has some, have a file."""
    example = proof.counterexample
    if example is None or example.samples is None:
        return proof
    name = re.sub(r"[^0-9A-Za-z]+", "_", proof.layer)
    file = folder / f"counterexample.{name}.npz"
    return replace(proof, counterexample=replace(example, file=file))


def checked_again(artifact: Artifact, proofs: Proofs) -> tuple[int, str | None]:
    """Return how many stored certificates are questions that were proved just now.

    With them comes what is wrong with the others, if something is: a certificate of other bytes,
    an edited one, or one whose question nobody proves any more.

    Raises:
        ArtifactError: if the folder of certificates is damaged.
    """
    if artifact.path is None or artifact.foreign or not (artifact.path / PROOFS).is_dir():
        return 0, None
    folder = artifact.path / PROOFS
    index = _index(folder)
    if index["files"] != _hashes(artifact):
        return 0, DIFFERENT
    current = {c.goal: c.text for proof in proofs.values() for c in proof.certificates}
    count = 0
    for entry in _entries(index, folder):
        content = _read(folder / str(entry["file"]))
        if digest(content) != entry["sha256"]:
            return count, f"{entry['file']} is not the certificate that was written"
        if current.get(str(entry["goal"])) != content.decode():
            return count, f"{entry['file']} is not a question that was proved now"
        count += 1
    return count, None


def _entry(name: str, certificate: Certificate, content: bytes) -> dict[str, Any]:
    return {
        "goal": certificate.goal,
        "file": name,
        "sha256": digest(content),
        "solver": certificate.method,
        "seconds": round(certificate.seconds, 3),
    }


def _hashes(artifact: Artifact) -> dict[str, str]:
    return {name: content_of(artifact.files, name).sha256() for name in sorted(artifact.files)}


def _index(folder: Path) -> Mapping[str, Any]:
    try:
        index = strict_json.loads(_read(folder / INDEX, JSON_BYTES))
    except ValueError as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"{folder / INDEX}: is damaged: {error}", remedy=_AGAIN) from error
    if not isinstance(index, dict) or index.get("schema") != SCHEMA or "files" not in index:
        raise ArtifactError(f"{folder / INDEX}: is not of schema {SCHEMA}", remedy=_AGAIN)
    return index


def _entries(index: Mapping[str, Any], folder: Path) -> list[Mapping[str, Any]]:
    """Return the certificates of all layers.

    Raises:
        ArtifactError: if the index is damaged, or names a file outside its folder.
    """
    try:
        entries = [entry for layer in index["layers"] for entry in layer["certificates"]]
        names = [str(entry["file"]) for entry in entries]
        if any(not re.fullmatch(r"\w[\w.]*\.smt2", name, re.ASCII) for name in names):
            raise ValueError("it names a file that is not a certificate")
        if any(not {"goal", "sha256"} <= set(entry) for entry in entries):
            raise ValueError("a certificate has no hash")
    except (LookupError, TypeError, ValueError) as error:
        raise ArtifactError(f"{folder / INDEX}: is damaged: {error}", remedy=_AGAIN) from error
    return entries


def _read(path: Path, most: int = JSON_BYTES) -> bytes:
    try:
        return read_regular(path, most=most, links=False)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ArtifactError(f"{path}: cannot be read: {reason}", remedy=_AGAIN) from error
