"""Opened artifacts: one of our folders, or a bare file in the format of a target."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurodeploy.artifact import Artifact, read_folder, unreadable
from neurodeploy.data.reading import read_regular
from neurodeploy.errors import (
    ArtifactError,
    NeurodeployError,
)
from neurodeploy.target.registry import targets

# The endings of files that torch writes.
_MODELS = (".pt", ".pth")


def open_artifact(path: str | os.PathLike[str]) -> Artifact:
    """Return the artifact at a path: one of our folders, or a bare file in a vendor's format.

    Raises:
        ArtifactError: if there is none, or no target knows the file's format.
    """
    file = Path(path)
    if file.is_dir():
        return read_folder(file)
    if not file.exists():
        raise ArtifactError(
            f"{file}: there is no such file or folder", remedy="name an existing one"
        )
    for name, chip in targets().items():
        if file.suffix.lower() in chip.capabilities.suffixes:
            return Artifact(name, {file.name: _content(file)}, path=file)
    if file.suffix.lower() in _MODELS:
        message = f"{file}: is a model, and no artifact or vendor's file"
        raise ArtifactError(message, remedy=f"neurodeploy export {file} --target T")
    suffixes = sorted(s for chip in targets().values() for s in chip.capabilities.suffixes)
    raise ArtifactError(
        f"{file}: is not in a known format; those are: {', '.join(suffixes) or 'none'}",
        remedy="name an artifact's folder, or a vendor's file by its usual ending",
    )


@contextmanager
def naming(artifact: Artifact) -> Iterator[None]:
    """Add the artifact's name and a remedy to an error that a block raises while it reads."""
    try:
        yield
    except NeurodeployError as error:
        path = artifact.path
        if path is not None and not error.message.startswith((str(path), path.name)):
            error.message = f"{path}: {error.message}"
        if error.remedy is None:
            error.remedy = "export the model again, or ask its author for the file"
        raise


def _content(path: Path) -> bytes:
    try:
        # A link that somebody names is intended; a link within an artifact is not.
        return read_regular(path)
    except OSError as error:
        raise unreadable(path, error) from error
