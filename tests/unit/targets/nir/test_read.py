"""Reading: files of ours become programs again, and everything else is one clear error."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import h5py
import numpy as np
import pytest

from neurodeploy.errors import ArtifactError
from targets.nir import target
from targets.nir.compile import FILE
from tests.unit.targets.nir.programs import PROGRAMS, bare, file_of, image, small


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_written_is_read_back(name: str) -> None:
    program = PROGRAMS[name]()
    artifact = target.compile(program, dt="0.0003")
    assert target.read(artifact) == program
    assert target.read(bare(artifact.files[FILE])) == program


def edited(change: Callable[[Any], object], content: bytes | None = None) -> bytes:
    """The file of an image after a change."""
    content_file = io.BytesIO(file_of(image()) if content is None else content)
    with h5py.File(content_file, "r+") as file:
        change(file)
    return content_file.getvalue()


def _put(path: str, value: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file[path]
        file[path] = value

    return change


def _weight(file: Any) -> None:
    file["node/nodes/c/weight"][0, 0, 0, 0] += 1


def _edges(file: Any) -> None:
    names = file["node/edges"][()]
    del file["node/edges"]
    file["node"]["edges"] = names[::-1]


def _integer(file: Any) -> None:
    file["node/metadata/neurodeploy/integers/1.weight"][0, 0, 0, 0] += 1


def _text(file: Any) -> None:
    path = "node/metadata/neurodeploy/program"
    words = file[path][()].decode()
    del file[path]
    file[path] = np.bytes_(words[:-9])


def _renamed(file: Any) -> None:
    file["node/metadata"].move("neurodeploy", "neurodeplox")


def _unmarked(file: Any) -> None:
    del file["node/metadata"]


GROUP = "node/metadata/neurodeploy"
EDITS: dict[str, tuple[Callable[[Any], object], str]] = {
    "a weight": (_weight, "was edited: /node/nodes/c/weight[0, 0, 0, 0] is "),
    "a type": (
        _put("node/nodes/n_0/type", np.bytes_("LIF")),
        "/node/nodes/n_0/type is another text",
    ),
    "a double": (_put("node/nodes/n_0/r", np.ones((4, 3, 3))), "/node/nodes/n_0/r is float64"),
    "edges": (_edges, "was edited: /node/edges are other edges"),
    "another node": (
        lambda file: file.create_group("node/nodes/x"),
        "/node/nodes/x is not part of this network",
    ),
    "an integer": (_integer, "was edited"),
    "the description": (_text, "description is damaged"),
    "the hash": (_put(f"{GROUP}/program_sha256", np.bytes_("0")), "program_sha256 is another text"),
    "the schema": (_put(f"{GROUP}/schema", np.bytes_("77")), "was written in format 77, not 1"),
    "dt": (_put(f"{GROUP}/dt", 0.0), "its dt is not the seconds of a step"),
    "another dt": (_put(f"{GROUP}/dt", 0.5), "was edited: /node/nodes/"),
    "an integer too many": (
        lambda file: file.create_dataset(f"{GROUP}/integers/99", data=np.zeros(3, np.int8)),
        f"/{GROUP}/integers/99 is not part of this network",
    ),
    "an integer gone": (
        lambda file: file.__delitem__(f"{GROUP}/integers/1.weight"),
        "names '1.weight', which is nothing in the file",
    ),
    "a letter of its group": (_renamed, "is damaged: /node/metadata/neurodeploy is missing"),
    "somebody's": (_unmarked, "was not written by neurodeploy"),
    "no graph": (lambda file: file.__delitem__("node"), "has no /node"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_one_clear_error(name: str) -> None:
    change, words = EDITS[name]
    with pytest.raises(ArtifactError) as caught:
        target.read(bare(edited(change)))
    assert words in str(caught.value)
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not HDF5", file_of(small())[:-1], b"\x89HDF\r\n\x1a\n"])
def test_what_is_no_file_is_one_clear_error(content: bytes) -> None:
    with pytest.raises(ArtifactError, match="is damaged, or not an HDF5 file"):
        target.read(bare(content))


def test_an_edit_that_the_manifest_reveals_is_read() -> None:
    artifact = target.compile(small())

    def change(file: Any) -> None:
        file[f"{GROUP}/integers/1.weight"][0, 0] += 1

    files = {FILE: edited(change, artifact.files[FILE])}
    program = target.read(replace(artifact, files=files, edited=("network.nir differs",)))
    assert program != small()


def test_an_artifact_without_a_file() -> None:
    with pytest.raises(ArtifactError, match=r"holds no \.nir file"):
        target.read(replace(bare(b""), files={"x.txt": b""}))
