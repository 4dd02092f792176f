"""HDF5 of others: texts of any length, compression, chunks; and tricks, one clear error each."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neurodeploy.errors import ArtifactError
from targets.nir.foreign.reading import content_of
from tests.unit.targets.nir.foreign.files import affine, chain, image, lif, members

NODE = chain(("a", affine(np.eye(3), np.ones(3))), ("b", lif(3)))
WEIGHT = "node/nodes/a/weight"


def test_every_member_is_read() -> None:
    node = NODE | {"metadata": {"made by": "a test", "numbers": np.arange(4, dtype=np.int8)}}
    expected = members(node)
    read = content_of(image(node)).members

    def compare(one: Any, two: Any) -> None:
        if isinstance(one, dict):
            assert one.keys() == two.keys()
            for key in one:
                compare(one[key], two[key])
        elif isinstance(one, np.ndarray):
            assert (one.dtype, one.shape) == (two.dtype, two.shape)
            assert (one == two).all()
        else:
            assert one == two

    compare(expected, read)


def _replaced(path: str, *arguments: Any, **options: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file[path]
        file.create_dataset(path, *arguments, **options)

    return change


def _linked(link: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file[WEIGHT]
        file[WEIGHT] = link

    return change


def _itself(file: Any) -> None:
    file["node/nodes/a/again"] = file["node"]


def _bomb(file: Any) -> None:
    del file[WEIGHT]
    dataset = file.create_dataset(WEIGHT, (4, 9), "f4", chunks=(4, 9), compression="gzip")
    dataset.id.write_direct_chunk((0, 0), zlib.compress(bytes(256 << 20), 9))


def _crowd(file: Any) -> None:
    text = h5py.string_dtype()
    file["node"].create_dataset("more", (1 << 18,), text, chunks=(1 << 10,), compression="gzip")


TRICKS: dict[str, tuple[Callable[[Any], None], str]] = {
    "a link to another file": (_linked(h5py.ExternalLink("other.h5", "/x")), "is a link"),
    "a soft link": (_linked(h5py.SoftLink("/node")), "is a link"),
    "a circle of hard links": (_itself, "is reached twice"),
    "a huge dataset": (_replaced(WEIGHT, (1 << 20, 1 << 20), "f4", chunks=(1, 1)), "claims"),
    "a bomb": (_bomb, "holds a chunk of more than"),
    "a crowd of texts": (_crowd, "more than a network has"),
    "a reference": (_replaced(WEIGHT, (2,), h5py.ref_dtype), "is not a type of numbers"),
    "another file's bytes": (
        _replaced(WEIGHT, (4,), "f4", external=[("passwords", 0, 16)]),
        "refers to another file",
    ),
    "a long name": (
        lambda file: file["node/nodes"].move("a", "a" * 60_000),
        "/node/nodes: the name a{40}... has 60000 letters, more than 1024",
    ),
    "letters that cannot be printed": (
        lambda file: file["node/nodes"].move("a", "a\n\x1b[2J"),
        r"/node/nodes: the name 'a\\n\\x1b\[2J' has letters that cannot be printed",
    ),
    "nothing": (_replaced(WEIGHT, data=h5py.Empty("f4")), "is neither a group nor a value"),
}


@pytest.mark.parametrize("name", TRICKS)
def test_a_trick_is_one_clear_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    change, words = TRICKS[name]
    with pytest.raises(ArtifactError, match=words):
        content_of(image(NODE, change))


def test_attributes_are_seen_and_not_read() -> None:
    def noted(file: Any) -> None:
        file["node/nodes"].attrs["some"] = np.zeros(4000)
        file[WEIGHT].attrs["more"] = "words"

    assert content_of(image(NODE, noted)).attributes == ("/node/nodes", f"/{WEIGHT}")
    assert content_of(image(NODE)).attributes == ()


@pytest.mark.parametrize("content", [b"", b"no HDF5", image(NODE)[:3000]])
def test_a_damaged_file_is_one_clear_error(content: bytes) -> None:
    with pytest.raises(ArtifactError, match="is damaged, or not an HDF5 file"):
        content_of(content)
