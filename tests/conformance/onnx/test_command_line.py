"""The command line with the real runtimes: equal, a flipped bit named, floats within tolerance."""

from pathlib import Path

import numpy as np
import pytest

from tests.unit.neurodeploy.cli.helpers import Caller, write_inputs
from tests.unit.neurodeploy.cli.test_onnx import flip

pytestmark = pytest.mark.usefixtures("onnxruntime", "reference")


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Caller:
    """Commands in this process."""
    return Caller(capsys)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fill the current folder with the inputs."""
    write_inputs(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_link_is_equal_and_a_flipped_bit_is_named(call: Caller, here: Path) -> None:
    words = ("export", "model.pt", "-t", "onnx", "-o", "net", "--form", "step", "--verify")
    done = call(*words, "--samples", "samples.npz", "--json")
    assert done.code == 0, done
    report = done.document["report"]
    assert [link["status"] for link in report["links"]] == ["equal"] * 4
    assert report["links"][3]["name"] == "golden = onnxruntime"
    assert report["links"][3]["compared"] == report["links"][0]["compared"]
    flip(here / "net/network.onnx")
    for name in ("onnxruntime", "reference"):
        asked = ("verify", "net", "--model", "model.pt", "--samples", "samples.npz")
        document = call(*asked, "--simulator", name, "--json").document
        assert document["exit_code"] == 1
        last = document["links"][3]
        assert (last["name"], last["status"]) == (f"golden = {name}", "differs")
        assert last["divergence"]["layer"] == "0"
        assert last["divergence"]["neuron"] == [0]


def test_runtimes_are_engines(call: Caller, here: Path) -> None:
    assert call("export", "model.pt", "-t", "onnx", "-o", "net", "--form", "step").code == 0
    for engine in ("golden", "onnxruntime", "reference"):
        words = ("run", "net/network.onnx", "--samples", "samples.npz", "--trace")
        assert call(*words, "--engine", engine, "-o", f"{engine}.npz").code == 0
    with np.load("golden.npz") as golden:
        for engine in ("onnxruntime", "reference"):
            with np.load(f"{engine}.npz") as other:
                assert set(other) == set(golden)
                assert all(np.array_equal(other[key], golden[key]) for key in golden)
        assert golden["output"].any()


def test_floats(call: Caller, here: Path) -> None:
    words = ("export", "float.pt", "-t", "onnx", "-o", "net", "--verify")
    done = call(*words, "--samples", "samples.npz", "--json")
    assert done.code == 0, done
    statuses = [link["status"] for link in done.document["report"]["links"]]
    assert statuses == ["equal within tolerance", "equal", "equal within tolerance"]
