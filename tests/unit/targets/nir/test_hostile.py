"""Hostile files: one clear error each, with little memory, whatever they claim."""

import io
import json
import zlib
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import pytest

from targets.nir import target
from tests.unit.confined import confined
from tests.unit.targets.nir.programs import bare, file_of, image

WEIGHT = "node/nodes/c/weight"
GROUP = "node/metadata/neurodeploy"
INTEGERS = f"{GROUP}/integers/1.weight"
PROGRAM = f"{GROUP}/program"


def _dataset(path: str, *arguments: Any, **options: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file[path]
        file.create_dataset(path, *arguments, **options)

    return change


def _link(path: str, link: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file[path]
        file[path] = link

    return change


def _group(file: Any) -> None:
    del file[WEIGHT]
    file.create_group(WEIGHT)


def _itself(file: Any) -> None:
    del file["node/metadata"]
    file["node/metadata"] = file["node"]
    file["node"]["neurodeploy"] = file["node"]


def _bomb(file: Any) -> None:
    del file[INTEGERS]
    options = {"chunks": (4, 9), "compression": "gzip"}
    dataset = file.create_dataset(INTEGERS, (4, 9), "i1", **options)
    dataset.id.write_direct_chunk((0, 0), zlib.compress(bytes(256 << 20), 9))


def _virtual(file: Any) -> None:
    del file[INTEGERS]
    layout = h5py.VirtualLayout((3, 2), "i8")
    layout[:] = h5py.VirtualSource("/dev/zero", "weight", (3, 2))
    file[f"{GROUP}/integers"].create_virtual_dataset("1.weight", layout)


def _reference(file: Any) -> None:
    data = np.array([file["node"].ref], dtype=h5py.ref_dtype)
    _dataset(INTEGERS, data=data, dtype=h5py.ref_dtype)(file)


def _long_names(file: Any) -> None:
    """Edges that all name one long text of the file."""
    word = "x" * 100_000
    names = np.array([[word, word]], dtype=np.bytes_)
    del file["node/edges"]
    file["node/edges"] = names


def _described(**members: Any) -> Callable[[Any], None]:
    """Change members of the nodes in the description, by the name of each."""

    def change(file: Any) -> None:
        document = json.loads(file[PROGRAM][()])
        for node in document["nodes"]:
            node.update(members.get(node["class"], {}))
        del file[PROGRAM]
        file[PROGRAM] = np.bytes_(json.dumps(document))

    return change


def _same_integers(file: Any) -> None:
    document = json.loads(file[PROGRAM][()])
    for node in document["nodes"]:
        if "weight" in node:
            node["weight"] = {"dataset": "1.weight"}
    del file[PROGRAM]
    file[PROGRAM] = np.bytes_(json.dumps(document))


CHANGES: dict[str, tuple[Callable[[Any], None], str]] = {
    "values": (_dataset(INTEGERS, (1 << 40,), "i1", chunks=(1 << 20,)), "claims 1099511627776"),
    "fill values": (_dataset(INTEGERS, (1 << 25,), "i8", fillvalue=1), "cannot honestly hold"),
    "a bomb": (_bomb, "holds a chunk of more than"),
    "other filters": (
        _dataset(INTEGERS, data=np.ones((4, 9), "i1"), chunks=(4, 9), compression="lzf"),
        "which is not read",
    ),
    "external data": (
        _dataset(INTEGERS, (4, 9), "i1", external=[("/dev/zero", 0, 36)]),
        "refers to another file",
    ),
    "virtual data": (_virtual, "refers to another file"),
    "an external link": (_link(GROUP, h5py.ExternalLink("/etc/hostname", "/x")), "is a link"),
    "a soft link": (_link(INTEGERS, h5py.SoftLink("/node")), "is a link"),
    "a group in itself": (_itself, "is missing"),
    "a reference": (_reference, "is not a type of numbers"),
    "a text for numbers": (_dataset(INTEGERS, data="x" * 1000), "is not a type of numbers"),
    "numbers for a text": (_dataset(PROGRAM, data=np.zeros((3, 3))), "is not a text"),
    "texts": (
        _dataset(PROGRAM, (1 << 26,), h5py.string_dtype(), chunks=(1 << 20,)),
        "is not a text",
    ),
    "a group for a value": (
        _group,
        "is not a value",
    ),
    "a value for a group": (_dataset(f"{GROUP}/integers", data=3), "is not a group"),
    "an empty value": (_dataset(f"{GROUP}/dt", data=h5py.Empty("f8")), "is not a value"),
    "bytes that are no text": (_dataset(PROGRAM, data=np.bytes_(b"\xff\xfe")), "damaged"),
    "edges of long names": (_long_names, "has names of 100000 letters"),
    "many edges": (
        _dataset("node/edges", (1 << 22, 2), h5py.string_dtype(), chunks=(1 << 16, 2)),
        "is not a list of edges",
    ),
    "a huge input": (_described(Input={"shape": [1 << 20, 1 << 20, 1]}), "c: takes (2, H, W)"),
    "many groups": (_described(Conv2d={"groups": 1 << 30}), "c.groups: "),
    "one array for all": (_same_integers, "or named twice"),
    "nested lists": (_dataset(PROGRAM, data=np.bytes_("[" * 100_000)), "damaged"),
    "a text of any length": (_dataset(PROGRAM, data="{}"), "or not of a fixed length"),
    "floats for integers": (
        _dataset(INTEGERS, data=np.full((4, 1, 3, 3), 0.5)),
        "is not of whole numbers",
    ),
}


def changed(name: str) -> bytes:
    """The file with a hostile claim."""
    content_file = io.BytesIO(file_of(image()))
    with h5py.File(content_file, "r+") as file:
        CHANGES[name][0](file)
    return content_file.getvalue()


@pytest.mark.parametrize("name", CHANGES)
def test_a_claim_is_one_clear_error(name: str) -> None:
    content = changed(name)
    assert len(content) < 2_000_000
    said = confined(lambda: target.read(bare(content)), megabytes=128)
    assert said.startswith("ArtifactError: "), said
    assert CHANGES[name][-1] in said
    assert len(said) < 500


def test_a_padded_content_filemay_not_grow_without_bytes_for_it() -> None:
    """A kernel of one value over a huge image would have neurons by the million."""
    content = io.BytesIO(file_of(image()))
    with h5py.File(content, "r+") as file:
        _described(Conv2d={"padding": [30_000, 30_000], "stride": [1, 1]})(file)
    said = confined(lambda: target.read(bare(content.getvalue())), megabytes=128)
    assert said.startswith("ArtifactError: "), said
