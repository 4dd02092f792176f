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


def open_artifact(path: str | os.PathLike[str]) -> Artifact:
    """Return the artifact at a path: one of our folders, or a bare file in a vendor's format.

    Raises:
        ArtifactError: if there is none, or no target knows the file's format.
    """
    place = Path(path)
    if place.is_dir():
        return read_folder(place)
    if not place.exists():
        raise ArtifactError(
            f"{place}: there is no such file or folder", remedy="name an existing one"
        )
    for name, known in targets().items():
        if place.suffix.lower() in known.capabilities.suffixes:
            return Artifact(name, {place.name: _content(place)}, path=place)
    suffixes = sorted(s for known in targets().values() for s in known.capabilities.suffixes)
    raise ArtifactError(
        f"{place}: is not in a known format; those are: {', '.join(suffixes) or 'none'}",
        remedy="name an artifact's folder, or a vendor's file by its usual ending",
    )


@contextmanager
def naming(artifact: Artifact) -> Iterator[None]:
    """Add the artifact's name and a remedy to an error that a block raises while it reads."""
    try:
        yield
    except NeurodeployError as error:
        place = artifact.path
        if place is not None and not error.message.startswith((str(place), place.name)):
            error.message = f"{place}: {error.message}"
        if error.remedy is None:
            error.remedy = "export the model again, or ask its author for the file"
        raise


def _content(place: Path) -> bytes:
    try:
        # A link that somebody names is intended; a link within an artifact is not.
        return read_regular(place)
    except OSError as error:
        raise unreadable(place, error) from error
