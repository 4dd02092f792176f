"""Verilog of ours to programs; every byte must be the one that export writes for the program."""

from __future__ import annotations

from collections.abc import Mapping

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, NeurodeployError
from neurodeploy.program import Program
from neurodeploy.target import with_decoder
from targets.rtl.check import check, network_of
from targets.rtl.compile import TOP, texts_of
from targets.rtl.description import DAMAGE, rebuilt
from targets.rtl.text.network import Network

_AGAIN = "export the model again"
_MOST_BYTES = 1 << 31


def read_artifact(artifact: Artifact) -> Program:
    """Return the program in an artifact's files, with the host's decoder at its end.

    Raises:
        ArtifactError: if they are not files of ours, are damaged, or were edited.
    """
    return with_decoder(open_network(artifact).program, artifact.contract)


def open_network(artifact: Artifact) -> Network:
    """Return the network in an artifact's files.

    Raises:
        ArtifactError: if they are not files of ours, are damaged, or were edited.
    """
    try:
        if TOP not in artifact.files:
            raise ArtifactError(f"holds no {TOP}")
        return _opened({name: _text(artifact.files, name) for name in artifact.files})
    except ArtifactError as error:
        path = artifact.path or "the artifact"
        raise ArtifactError(f"{path}: {error.message}", remedy=error.remedy or _AGAIN) from error


def _opened(texts: Mapping[str, str]) -> Network:
    roms = {name: text for name, text in texts.items() if name != TOP}
    try:
        program, sha256 = rebuilt(texts[TOP], roms)
        if errors := check(program):
            raise ArtifactError(f"its program is none that fits RTL: {errors[0]}")
        network = network_of(program)
        expected = texts_of(network)
    except ArtifactError as error:
        raise ArtifactError(f"{TOP}: {error.message}", remedy=error.remedy) from error
    except (*DAMAGE, NeurodeployError) as error:
        raise ArtifactError(f"{TOP}: its description is damaged: {error}") from error
    if program.sha256 != sha256:
        raise ArtifactError(f"{TOP}: was edited: its numbers are not those that were exported")
    for name in sorted(texts.keys() ^ expected.keys()):
        raise ArtifactError(f"{name}: is {'missing' if name in expected else 'not a file of ours'}")
    for name, text in texts.items():
        _require_same(name, text, expected[name])
    return network


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


def _text(files: Mapping[str, bytes], name: str) -> str:
    content = bytes(files[name])
    if len(content) > _MOST_BYTES:
        raise ArtifactError(f"{name}: is {len(content):,} bytes, more than any that we write")
    try:
        return content.decode("ascii")
    except UnicodeDecodeError as error:
        raise ArtifactError(f"{name}: is damaged: it is not in ASCII") from error
