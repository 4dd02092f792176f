"""Files of text in an artifact: read as ASCII, and compared with those that export writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, NeurodeployError
from neurodeploy.program import Program
from neurodeploy.target.source.description import DAMAGE

_MOST_BYTES = 1 << 31
_AGAIN = "export the model again"


def text_of(files: Mapping[str, bytes], name: str) -> str:
    """Return the text of a file.

    Raises:
        ArtifactError: if there is no such file, or it is not a text of ours.
    """
    if name not in files:
        raise ArtifactError(f"holds no {name}")
    content = bytes(files[name])
    if len(content) > _MOST_BYTES:
        raise ArtifactError(f"{name}: is {len(content):,} bytes, more than any that we write")
    try:
        return content.decode("ascii")
    except UnicodeDecodeError as error:
        raise ArtifactError(f"{name}: is damaged: it is not in ASCII") from error


@contextmanager
def in_artifact(artifact: Artifact) -> Iterator[None]:
    """Add the artifact, and a remedy, to every error over its files.

    Raises:
        ArtifactError: with the path before its message.
    """
    try:
        yield
    except ArtifactError as error:
        path = artifact.path or "the artifact"
        raise ArtifactError(f"{path}: {error.message}", remedy=error.remedy or _AGAIN) from error


@contextmanager
def in_file(name: str) -> Iterator[None]:
    """Add the file to every error over its description.

    Raises:
        ArtifactError: with the name before its message.
    """
    try:
        yield
    except ArtifactError as error:
        raise ArtifactError(f"{name}: {error.message}", remedy=error.remedy) from error
    except (*DAMAGE, NeurodeployError) as error:
        raise ArtifactError(f"{name}: its description is damaged: {error}") from error


def require_unedited(
    name: str, program: Program, sha256: str, texts: Mapping[str, str], expected: Mapping[str, str]
) -> None:
    """Check that the files are those that export writes for the program of this hash.

    Raises:
        ArtifactError: otherwise; names the file, and the first line that differs.
    """
    if program.sha256 != sha256:
        raise ArtifactError(f"{name}: was edited: its numbers are not those that were exported")
    for each in sorted(texts.keys() ^ expected.keys()):
        raise ArtifactError(f"{each}: is {'missing' if each in expected else 'not a file of ours'}")
    for each, text in texts.items():
        _require_same(each, text, expected[each])


def _require_same(name: str, text: str, expected: str) -> None:
    """Check that a file is what export writes.

    Raises:
        ArtifactError: otherwise; names the first line that differs.
    """
    if text == expected:
        return
    lines, others = text.split("\n"), expected.split("\n")
    pairs = enumerate(zip(lines, others, strict=False), start=1)
    line = next((n for n, (one, two) in pairs if one != two), min(len(lines), len(others)))
    words = others[min(line, len(others)) - 1].strip()
    raise ArtifactError(f"{name}: was edited: line {line} of its program is {words[:80]!r}")
