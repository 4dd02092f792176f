"""`neurodeploy verify` of another writer's file: what it says, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import neurodeploy as nd
from neurodeploy.sandbox import install
from targets.nir.simulators.simulate import REFERENCE
from tests.conformance.nir.alike import alike
from tests.unit.neurodeploy.cli.helpers import Caller, refused
from tests.unit.targets.nir.foreign.files import affine, chain, image, lif

SPEC = ("--dt", "0.0001", "--option", "reset=hard", "--simulator", "nir-reference")
RANDOM = ("--random", "50,2,0.8,0")
LEAST_SPIKES = 20


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Caller:
    return Caller(capsys)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a file, and nir's own package."""
    install(REFERENCE)
    monkeypatch.chdir(tmp_path)
    files = {"lif_norse.nir": "lif_norse.nir", "rockpool.nir": "braille.nir of Rockpool"}
    for name, row in files.items():
        Path(name).write_bytes(alike()[row])


def test_a_file_is_equal_with_spikes_and_reports(call: Caller) -> None:
    files = ("--json", "--junit", "report.xml", "--report", "report")
    done = call("verify", "lif_norse.nir", *SPEC, *RANDOM, *files)
    assert done.code == 0, done.err
    (link,) = done.document["links"]
    assert (link["name"], link["status"]) == (
        "profile spec = nir-reference",
        "equal within tolerance",
    )
    assert link["spikes"] > LEAST_SPIKES
    assert json.loads(Path("report/report.json").read_text())["links"] == done.document["links"]
    assert len(ET.parse("report.xml").findall(".//testcase")) == 1


def test_the_first_neuron_and_step_that_differ_are_named(call: Caller) -> None:
    words = ("verify", "lif_norse.nir", "--profile", "sinabs", "--simulator", "nir-reference")
    done = call(*words, *RANDOM, "--json")
    assert done.code == 1, done.err
    divergence = done.document["links"][0]["divergence"]
    assert divergence["state"] == "s"
    assert divergence["neuron"] == [0]
    assert divergence["context"]["expected"]["v"]


def test_voltages_of_another_unit_differ_though_every_spike_is_equal(call: Caller) -> None:
    words = ("verify", "lif_norse.nir", "--profile", "snntorch", "--simulator", "nir-reference")
    done = call(*words, *RANDOM, "--json")
    assert done.code == 1
    (link,) = done.document["links"]
    assert link["reason"] == "every spike is equal; values are farther apart than 0.0001"
    assert link["divergence"]["state"] == "v"


def test_a_refusal_is_in_the_words_of_the_one_who_refuses(call: Caller) -> None:
    done = call("verify", "rockpool.nir", *SPEC, *RANDOM, "--json")
    assert done.code == 4
    (link,) = done.document["links"]
    assert link["reason"].startswith("nir 1.0.8, reading: NetworkError: nir cannot read the file")


def test_a_simulator_that_is_not_installed_is_not_run(
    call: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(tmp_path / "none"))
    done = call("verify", "lif_norse.nir", "--dt", "0.0001", "--profile", "norse", "--json")
    assert done.code == 4
    (link,) = done.document["links"]
    assert (link["name"], link["status"]) == ("profile norse = norse", "not run")
    assert link["remedy"] == "neurodeploy simulators install norse"


def test_words_that_do_not_fit_are_refused(call: Caller) -> None:
    refused(call("verify", "lif_norse.nir"), 2, "lif_norse.nir: 1: a LIF counts in seconds", "--dt")
    asked = ("verify", "lif_norse.nir", *SPEC)
    refused(call(*asked, "--model", "lif_norse.nir"), 2, "was not exported from a model")
    refused(call(*asked, "--option", "colour=red"), 2, "'colour'")
    node = chain(("w", affine([[1.0]])), ("n", lif(1)), inputs=(1,))
    Path("own.nir").write_bytes(image(node))
    nd.export(nd.convert("own.nir", dt=1e-4), target="nir", path="own")
    refused(call("verify", "own", "--dt", "0.0001"), 2, "own: takes no dt")
