"""A file of an artifact compared with the file that export writes, byte by byte."""

from __future__ import annotations

from collections.abc import Iterable

from neurodeploy.artifact import Artifact, digest
from neurodeploy.data.content import content_of
from neurodeploy.data.files import Piece
from neurodeploy.target import ComparesFiles, Target


def file_difference(chip: Target, name: str, artifact: Artifact, again: Artifact) -> str | None:
    """Return where a file differs from the one that export writes, or None.

    A library of another version may write the same values in other bytes; then the values that the
    target's loader reads decide.
    """
    actual, content = artifact.files[name], content_of(again.files, name)
    if content.size == len(actual) and content.sha256() == digest(actual):
        return None
    words = None
    if isinstance(chip, ComparesFiles):
        words = chip.file_difference(name, bytes(content), actual)
        if words is None and dict(artifact.tools) != dict(again.tools):
            return None
    return f"{name}: {words or _first_byte(content.pieces(), actual)}"


def _first_byte(expected: Iterable[Piece], actual: bytes) -> str:
    """Return the first byte that differs, and both values."""
    offset = 0
    for piece in expected:
        ours = bytes(piece)
        theirs = actual[offset : offset + len(ours)]
        if ours != theirs:
            pairs = enumerate(zip(ours, theirs, strict=False))
            at = next((i for i, (one, two) in pairs if one != two), len(theirs))
            if at < len(theirs):
                return f"byte {offset + at:,} is {theirs[at]}, and export writes {ours[at]}"
            return f"ends at byte {offset + at:,}, and export writes more"
        offset += len(ours)
    return f"has {len(actual):,} bytes, and export writes {offset:,}"
