"""Artifacts that were edited or damaged, and broken files of the vendor's format."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.unit.neurodeploy.cli.helpers import Caller, refused, tree

ALONE = ("--simulator", "none")


def _refused_everywhere(call: Caller, here: Path, path: str, *fragments: str) -> None:
    before = tree(here)
    refused(call("inspect", path), 2, *fragments)
    refused(call("verify", path, *ALONE), 2, *fragments)
    refused(call("run", path, "--samples", "samples.npz", "-o", "out.npz"), 2, *fragments)
    assert tree(here) == before


Manifest = dict[str, Any]


def outside(manifest: Manifest) -> None:
    manifest["files"]["../model.pt"] = "0" * 64


def above(manifest: Manifest) -> None:
    manifest["files"][".."] = "0" * 64


def absolute(manifest: Manifest) -> None:
    manifest["files"]["/etc/hostname"] = "0" * 64


def more(manifest: Manifest) -> None:
    manifest["files"]["gone.bin"] = "0" * 64


def none(manifest: Manifest) -> None:
    manifest["files"] = {}


def newer(manifest: Manifest) -> None:
    manifest["schema"] = 99


def elsewhere(manifest: Manifest) -> None:
    manifest["target"] = "nope"


def fewer_names(manifest: Manifest) -> None:
    manifest["contract"]["names"].pop()


def no_contract(manifest: Manifest) -> None:
    manifest["contract"] = {"names": 3}


def listed(manifest: Manifest) -> None:
    manifest["program"] = [1, 2]


MANIFESTS: dict[Callable[[Manifest], None], str] = {
    outside: "names a file outside the folder: ../model.pt",
    above: "names a file outside the folder: ..",
    absolute: "names a file outside the folder: /etc/hostname",
    more: "gone.bin: cannot be read",
    none: "holds 0 .net files",
    newer: "is not a manifest of schema 1",
    elsewhere: "no target 'nope' is installed; there are: c, loihi",
    fewer_names: "manifest.json",
    no_contract: "manifest.json",
    listed: "manifest.json: is damaged",
}


@pytest.mark.parametrize("change", MANIFESTS)
def test_manifest(call: Caller, here: Path, change: Callable[[Manifest], None]) -> None:
    path = here / "artifact/manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    _refused_everywhere(call, here, "artifact", MANIFESTS[change])


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, "\ufeff{}", "\udcff"])
def test_manifest_that_is_none(call: Caller, here: Path, text: str) -> None:
    path = here / "artifact/manifest.json"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    _refused_everywhere(call, here, "artifact", "artifact/manifest.json: ")


def test_files_that_are_not_there(call: Caller, here: Path) -> None:
    (here / "artifact/network.net").unlink()
    _refused_everywhere(call, here, "artifact", "artifact/network.net: cannot be read")
    (here / "artifact/manifest.json").unlink()
    _refused_everywhere(call, here, "artifact", "artifact: is not an artifact")
    shutil.rmtree(here / "artifact")
    refused(call("verify", "artifact"), 2, "artifact: there is no such file or folder")
    words = "model.pt: is a model", "neurodeploy export model.pt --target T"
    refused(call("verify", "model.pt"), 2, *words)
    (here / "notes.txt").write_text("a network\n")
    refused(call("verify", "notes.txt"), 2, "those are: .net")


def test_a_folder_where_a_file_belongs(call: Caller, here: Path) -> None:
    (here / "artifact/network.net").unlink()
    (here / "artifact/network.net").mkdir()
    _refused_everywhere(call, here, "artifact", "artifact/network.net: cannot be read")


def test_an_edited_name_is_found(call: Caller, here: Path) -> None:
    path = here / "artifact/manifest.json"
    path.write_text(path.read_text().replace('"0.synapse"', '"other"'))
    done = call("verify", "artifact", *ALONE)
    assert done.code == 1
    assert "is not what was exported" in done.out


def replaced(member: str, value: Any) -> Callable[[h5py.File], None]:
    """A change of one place in the file; without a value it is left out."""

    def change(file: h5py.File) -> None:
        del file[member]
        if value is not None:
            file[member] = value

    return change


def claim(file: h5py.File) -> None:
    del file["layer/1/weight"]
    file.create_dataset("layer/1/weight", (10**6, 10**6), "i4", chunks=(1000, 1000))


def external(file: h5py.File) -> None:
    del file["layer/1/weight"]
    storage = [("/etc/hostname", 0, 120)]
    file.create_dataset("layer/1/weight", (5, 6), "i4", external=storage)


CHANGES: dict[str, tuple[Callable[[h5py.File], None], str]] = {
    "no layers": (replaced("layer", None), "has no /layer"),
    "a layer missing": (replaced("layer/1", None), "/layer/1 is missing"),
    "no type": (replaced("layer/1/type", None), "layer1.type: is missing"),
    "no weight": (replaced("layer/1/weight", None), "layer1.weight: is missing"),
    "no threshold": (replaced("layer/2/neuron/vThMant", None), "layer2.neuron.vThMant: is missing"),
    "unknown layer": (replaced("layer/1/type", b"magic"), "layer1: 'magic'"),
    "pool": (replaced("layer/1/type", b"pool"), "layer1: 'pool' cannot be loaded"),
    "recurrent": (replaced("layer/1/type", b"dense_rec"), "layer1.weight_rec: is missing"),
    "other neurons": (replaced("layer/1/neuron/type", b"ALIF"), "layer1.neuron"),
    "wrong shape": (replaced("layer/1/weight", np.ones((4, 6), "i4")), "layer1.weight: (4, 6)"),
    "words": (replaced("layer/1/weight", "words"), "layer1.weight"),
    "NaN": (replaced("layer/1/weight", np.full((5, 6), np.nan)), "layer1.weight"),
    "zeros": (replaced("layer/1/weight", np.zeros((5, 6), "i4")), "layer1.weight"),
    "nothing": (replaced("layer/1/weight", h5py.Empty("i4")), "layer1.weight: is missing"),
    "negative shape": (replaced("layer/0/shape", [-6]), "layer0.shape"),
    "huge shape": (replaced("layer/0/shape", [1 << 40]), "layer0.shape"),
    "huge claim": (claim, "layer1.weight: claims 1000000000000 values"),
    "another file": (external, "layer1.weight: refers to another file"),
    "a link": (replaced("layer/1/weight", h5py.SoftLink("/layer/1/shape")), "layer1.weight"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_vendor_file(call: Caller, here: Path, name: str) -> None:
    change, fragment = CHANGES[name]
    shutil.copy(here / "artifact/network.net", here / "bad.net")
    with h5py.File(here / "bad.net", "r+") as file:
        change(file)
    _refused_everywhere(call, here, "bad.net", fragment)


@pytest.mark.parametrize("content", [b"", b"words", b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 9])
def test_vendor_file_of_garbage(call: Caller, here: Path, content: bytes) -> None:
    (here / "bad.net").write_bytes(content)
    _refused_everywhere(call, here, "bad.net", "bad.net: is damaged, or not an HDF5 file")


def test_no_truncation_is_unexpected(call: Caller, here: Path, full: bool) -> None:
    content = (here / "artifact/network.net").read_bytes()
    for cut in range(0, len(content), len(content) // (60 if full else 20)):
        (here / "bad.net").write_bytes(content[:cut])
        refused(call("inspect", "bad.net"), 2, "bad.net: ")
        (here / "artifact/network.net").write_bytes(content[:cut])
        refused(call("inspect", "artifact"), 2, "not the file that was exported")


def test_no_damage_is_unexpected(call: Caller, here: Path, full: bool) -> None:
    generator = np.random.default_rng(0)
    content = (here / "artifact/network.net").read_bytes()
    for index in generator.integers(0, len(content), 150 if full else 40):
        damaged = bytearray(content)
        damaged[index] ^= int(generator.integers(1, 256))
        (here / "bad.net").write_bytes(damaged)
        done = call("inspect", "bad.net")
        assert done.code in (0, 2), done
        assert len(done.errors) == done.code // 2
