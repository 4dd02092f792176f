"""`convert`."""

import json
import shutil
from pathlib import Path

import h5py

from neurodeploy.artifact import digest
from tests.unit.neurodeploy.cli.helpers import Caller, refused, tree


def test_a_vendors_file_becomes_a_model(call: Caller, here: Path) -> None:
    done = call("convert", "artifact/network.net", "-o", "mine.pt", "--json")
    assert done.code == 0
    assert done.document == {"source": "artifact/network.net", "model": "mine.pt", "weights": 45}
    assert call("export", "mine.pt", "--target", "loihi", "-o", "again").code == 0
    first, second = (here / folder / "network.net" for folder in ("artifact", "again"))
    assert first.read_bytes() == second.read_bytes()
    assert "45 weights, equal in every integer" in call("convert", "artifact/network.net").out
    assert (here / "network.pt").exists()


def test_what_is_no_network_is_refused(call: Caller, here: Path) -> None:
    refused(call("convert", "missing.net"), 2, "missing.net", "no such file")
    (here / "words.net").write_text("words")
    refused(call("convert", "words.net"), 2, "words.net")
    assert not (here / "words.pt").exists()


def test_a_file_without_neurons_is_no_network_and_says_what_it_can_do(
    call: Caller, here: Path
) -> None:
    shutil.copy(here / "artifact/network.net", here / "bare.net")
    with h5py.File(here / "bare.net", "r+") as file:
        del file["layer/2/neuron"]
    before = tree(here)
    done = call("convert", "bare.net", "-o", "mine.pt")
    refused(done, 2, "bare.net: ", "remedy: ", "can be run, inspected and verified")
    assert tree(here) == before
    assert call("inspect", "bare.net").code == 0


def test_layers_may_be_called_as_modules_are_and_are_refused_by_name(
    call: Caller, here: Path
) -> None:
    text = (here / "artifact/manifest.json").read_text("utf-8")
    manifest = json.loads(text.replace('"0.synapse"', '"training"'))
    contract = json.dumps(manifest["contract"], sort_keys=True)
    manifest["contract_sha256"] = digest(contract.encode())
    (here / "artifact/manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert call("inspect", "artifact").code == 0
    done = call("convert", "artifact", "-o", "mine.pt")
    assert done.code in (0, 2)
    assert len(done.errors) == done.code // 2
    assert "unexpected" not in done.err
