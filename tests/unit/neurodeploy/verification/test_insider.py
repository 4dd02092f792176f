"""An artifact that was changed by somebody who makes every hash anew is not taken for equal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.artifact import MANIFEST, digest, read_folder
from neurodeploy.errors import ArtifactError
from neurodeploy.report import Link, Report, Status
from snncore import layer

SAMPLES = np.random.default_rng(2).integers(0, 2, (6, 3, 1, 4, 4))
Edit = Callable[[dict[str, Any]], None]


def network() -> nn.Sequential:
    torch.manual_seed(4)
    result = nn.Sequential(
        quant.Block(quant.Conv2d(1, 2, 3, bias=True), quant.CubaLIF(0.25, current_decay=0.5)),
        layer.Flatten(),
        quant.Block(quant.Linear(8, 3), quant.CubaLIF(0.25)),
    )
    with torch.no_grad():
        for parameter in result.parameters():
            parameter.mul_(4)
    return result


def exported(target: str, folder: Path, **options: Any) -> Path:
    nd.export(network(), target=target, path=folder, example=SAMPLES, **options)
    return folder


def edited(folder: Path, edit: Edit) -> None:
    """Change the manifest and compute its hashes again."""
    path = folder / MANIFEST
    manifest = json.loads(path.read_text("utf-8"))
    edit(manifest)
    contract = json.dumps(manifest["contract"], sort_keys=True).encode()
    manifest["contract_sha256"] = digest(contract)
    names = [file.name for file in folder.iterdir() if file.name != MANIFEST]
    manifest["files"] = {name: digest((folder / name).read_bytes()) for name in names}
    path.write_text(json.dumps(manifest), "utf-8")


def files_link(report: Report) -> Link:
    return next(link for link in report.links if link.name.endswith("= artifact"))


def contract(**changes: Any) -> Edit:
    return lambda manifest: manifest["contract"].update(changes)


def within(key: str, **changes: Any) -> Edit:
    return lambda manifest: manifest["contract"][key].update(changes)


EDITS: dict[str, tuple[str, Edit, str]] = {
    "the phase of the reset": ("loihi", contract(reset_offset=0), "contract.reset_offset is 0"),
    "the run's configuration": ("loihi", contract(run_config="X()"), "contract.run_config is 'X()"),
    "the output": ("loihi", contract(output="0"), "contract.output is '0', not '2'"),
    "the input's shape": ("loihi", within("input", shape=[1, 16, 1]), "input.shape[1] is 16"),
    "the input's signal": ("loihi", within("input", signal="current"), "input.signal is 'current'"),
    "the width of messages": ("loihi", within("input", message_bits=8), "message_bits is 8"),
    "a scale that nothing reads": ("loihi", within("input", scale=3), "input has 'scale'"),
    "a bias that nothing reads": ("loihi", within("input", bias=1), "input has 'bias'"),
    "a unit of messages": ("loihi", contract(spike_exp=3), "contract has 'spike_exp'"),
    "a lag": (
        "loihi",
        lambda manifest: manifest["contract"]["layers"][1].update(lag=1),
        "contract.layers[1].lag is 1, not 2",
    ),
    "whether it is exact": ("onnx", contract(exact=1), "contract.exact is 1, not True"),
    "the states": ("onnx", contract(states="kept"), "contract.states is 'kept'"),
    "an exponent": (
        "onnx",
        lambda manifest: manifest["contract"]["layers"][0].update(exponent=0),
        "contract.layers[0].exponent is 0",
    ),
    "an option": ("onnx", lambda m: m["options"].update(form="step"), "contract.options.form is"),
    "an option that has no meaning": (
        "onnx",
        lambda manifest: manifest["options"].update(steps=3),
        "options has 'steps'",
    ),
    "the level": ("lynxi", contract(level="L2"), "contract.level is 'L2'"),
    "the steps": ("lynxi", contract(steps=8), "contract.steps is 8"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_the_contract_is_named(name: str, tmp_path: Path) -> None:
    target, edit, words = EDITS[name]
    folder = exported(target, tmp_path / "out")
    assert files_link(nd.verify(folder, samples=SAMPLES, simulator="none")).status == Status.EQUAL
    edited(folder, edit)
    link = files_link(nd.verify(folder, samples=SAMPLES, simulator="none"))
    assert link.status == Status.DIFFERS
    assert words in str(link.reason)


def test_a_layer_that_the_manifest_does_not_name_is_found(tmp_path: Path) -> None:
    folder = exported("loihi", tmp_path / "out")
    edited(folder, lambda manifest: manifest["program"]["nodes"].update(more="00" * 32))
    link = files_link(nd.verify(folder, samples=SAMPLES, simulator="none"))
    assert (link.status, link.reason) == (Status.DIFFERS, "more: is not in the files")


@pytest.mark.parametrize("key", ["more", "Schema"])
def test_a_manifest_with_a_field_more_is_refused(key: str, tmp_path: Path) -> None:
    folder = exported("loihi", tmp_path / "out")
    edited(folder, lambda manifest: manifest.update({key: 1}))
    with pytest.raises(ArtifactError, match=f"a field that no manifest has: '{key}'"):
        nd.verify(folder, samples=SAMPLES, simulator="none")


def test_another_file_of_the_model_than_the_exported_one_is_told(tmp_path: Path) -> None:
    model = network()
    nd.save(model, tmp_path / "a.pt", example=SAMPLES)
    nd.save(model, tmp_path / "b.pt")
    folder = tmp_path / "out"
    nd.export(model, target="loihi", path=folder, example=SAMPLES, model_file=tmp_path / "a.pt")
    recorded = read_folder(folder).model_sha256
    for file in ("a.pt", "b.pt"):
        expected = digest((tmp_path / file).read_bytes())
        report = nd.verify(folder, model=tmp_path / file, samples=SAMPLES, simulator="none")
        # The same network may lie in two files; the report says which it was.
        assert report.equal
        assert report.facts["model"] == expected
        said = None if file == "a.pt" else f"{recorded}, another file"
        assert report.facts.get("exported from") == said


def test_values_that_no_reader_looks_at_are_found(tmp_path: Path) -> None:
    folder = exported("loihi", tmp_path / "out")
    with h5py.File(folder / "network.net", "r+") as file:
        file["layer/1"].attrs["note"] = 1
    edited(folder, lambda manifest: None)
    link = files_link(nd.verify(folder, samples=SAMPLES, simulator="none"))
    assert link.status == Status.DIFFERS
    assert link.reason == "network.net: /layer/1: attribute note is on one side only"


def test_a_file_of_another_version_is_not_called_equal(tmp_path: Path) -> None:
    folder = exported("onnx", tmp_path / "out")
    edited(folder, lambda manifest: manifest["tools"].update({"neurodeploy-toolchain": "0.0.1"}))
    how: dict[str, Any] = {"samples": SAMPLES, "simulator": "none"}
    # The bytes are those that this version writes, whoever wrote them.
    assert nd.verify(folder, **how).equal
    edited(folder, contract(states="other"))
    report = nd.verify(folder, **how)
    link = files_link(report)
    assert link.status == Status.NOT_RUN
    assert "it was written by neurodeploy-toolchain 0.0.1" in str(link.reason)
    assert "export the model again" in str(link.remedy)
    assert report.exit_code == 4


def test_the_same_values_in_other_bytes_are_the_same_for_another_version(tmp_path: Path) -> None:
    folder = exported("loihi", tmp_path / "out")
    # The type "input" once more, in a place of its own within the file.
    with h5py.File(folder / "network.net", "r+") as file:
        text = file["layer/0/type"][()]
        del file["layer/0/type"]
        file["layer/0/type"] = np.bytes_(text)
    edited(folder, lambda manifest: None)
    how: dict[str, Any] = {"samples": SAMPLES, "simulator": "none"}
    link = files_link(nd.verify(folder, **how))
    assert link.status == Status.DIFFERS
    assert "network.net: " in str(link.reason)
    edited(folder, lambda manifest: manifest["tools"].update(h5py="3.0.0"))
    assert nd.verify(folder, **how).equal


def test_what_was_exported_is_verified_as_it_lies_on_the_disk(tmp_path: Path) -> None:
    model = network()
    artifact = nd.export(model, target="onnx", path=tmp_path / "out", example=SAMPLES)
    path = tmp_path / "out" / "network.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    report = nd.verify(artifact, model=model, samples=SAMPLES, simulator="none")
    assert not report.equal
