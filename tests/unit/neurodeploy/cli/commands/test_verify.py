"""`verify`: the verdict, its exit code, the files that it writes, and what it warns of."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.unit.neurodeploy.cli.helpers import Caller, refused, tree

ALONE = ("--simulator", "none")


def change_weight(path: Path, by: int = 2) -> None:
    """Change one weight of a .net file."""
    with h5py.File(path, "r+") as file:
        weight = file["layer/1/weight"][()]
        weight[0, 0] += by
        file["layer/1/weight"][...] = weight


def test_equal(call: Caller, here: Path) -> None:
    words = ("verify", "artifact", "--model", "model.pt", "--samples", "samples.npz", *ALONE)
    done = call(*words)
    assert done.code == 0
    assert done.out.startswith("Equal: every bit of ")
    document = call(*words, "--json").document
    assert document["equal"] is True
    assert document["exit_code"] == 0
    assert document["silent"] is False
    assert set(document["accuracies"]) == {"quantized"}
    assert document["links"][0]["name"] == "training = golden"
    assert document["links"][0]["spikes"] > 0


@pytest.mark.parametrize("path", ["artifact", "artifact/network.net"])
def test_an_edited_file_differs_and_is_named(call: Caller, here: Path, path: str) -> None:
    change_weight(here / "artifact/network.net")
    done = call("verify", path, "--model", "model.pt", *ALONE)
    assert done.code == 1
    assert done.errors == []
    assert done.out.startswith("Differs: program = artifact")
    assert "weight[0, 0]" in done.out
    document = call("verify", path, "--model", "model.pt", *ALONE, "--json").document
    assert document["exit_code"] == 1


def test_an_edited_file_differs_without_the_model(call: Caller, here: Path) -> None:
    change_weight(here / "artifact/network.net")
    done = call("verify", "artifact", *ALONE)
    assert done.code == 1
    assert "is not what was exported" in done.out


def test_build(call: Caller, here: Path) -> None:
    build = ("--model", "weights.pt", "--build", "mine:make")
    assert call("verify", "artifact", *build, *ALONE).code == 0


def test_writes_the_report(call: Caller, here: Path) -> None:
    words = ("verify", "artifact", *ALONE, "--report", "deep/report", "--junit", "deep/junit.xml")
    done = call(*words, "--json")
    assert done.document["files"] == {
        "report": "deep/report/report.html",
        "junit": "deep/junit.xml",
    }
    assert json.loads((here / "deep/report/report.json").read_text())["equal"] is True
    assert ET.parse(here / "deep/junit.xml").getroot().get("failures") == "0"
    assert "report: deep/report/report.html" in call(*words).out


def test_the_same_seed_gives_the_same_samples(call: Caller, here: Path) -> None:
    def spikes(random: str) -> list[int]:
        done = call("verify", "artifact", *ALONE, "--random", random, "--json")
        assert done.code == 0
        return [layer["spikes"] for layer in done.document["layers"]]

    assert spikes("9,3,0.5,7") == spikes("9,3,0.5,7") != spikes("9,3,0.5,8")


def test_silence_is_told_loudly(call: Caller, here: Path) -> None:
    done = call("verify", "artifact", *ALONE, "--random", "4,2,0,0")
    assert done.code == 0
    assert "warning: no neuron fired, and silence proves nothing" in done.err
    words = ("verify", "artifact", *ALONE, "--random", "4,2,0,0")
    document = call(*words, "--json").document
    assert (document["silent"], document["equal"]) == (True, False)
    assert document["verdict"] == "equal, but silent"
    assert call(*words, "--strict").code == 5
    assert call("verify", "artifact", *ALONE, "--random", "16,8,0.9,0", "--strict").code == 0
    np.savez("zeros.npz", samples=np.zeros((3, 2, 6)))
    assert "warning: " in call("verify", "artifact", *ALONE, "--samples", "zeros.npz").err


@pytest.mark.parametrize(
    "random",
    ["", "1,2,3", "a,b,c,d", "0,1,0.5,0", "4,0,0.5,0", "4,2,1.5,0", "4,2,nan,0", "4,2,1,-1"],
)
def test_random_is_four_numbers(call: Caller, here: Path, random: str) -> None:
    refused(call("verify", "artifact", "--random", random), 2, "--random", "16,8,0.3,0")


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["--samples", "samples.npz", "--random", "1,1,1,1"], "exclude one another"),
        (["--build", "mine:make"], "only with --model"),
        (["--simulator", "nope"], "brian2-loihi, all, none"),
        (["--jobs", "0"], "--jobs"),
        (["--time-limit", "0"], "limits must be positive"),
        (["--report", "model.pt"], "model.pt: is a file"),
        (["--junit", "artifact"], "artifact: is a folder"),
    ],
)
def test_words_that_do_not_fit(call: Caller, here: Path, words: list[str], fragment: str) -> None:
    before = tree(here)
    refused(call("verify", "artifact", *words), 2, fragment)
    assert tree(here) == before


def test_a_missing_simulator_proves_nothing(
    call: Caller, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(here / "cache"))
    done = call("verify", "artifact", "--json")
    assert done.code == 4
    link = done.document["links"][-1]
    assert link["status"] == "not run"
    assert link["remedy"] == "neurodeploy simulators install lava"
    assert not (here / "cache").exists()
