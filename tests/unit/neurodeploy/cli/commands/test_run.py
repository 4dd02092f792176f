"""`run`: what comes out, and where it is written."""

from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from tests.unit.neurodeploy.cli.helpers import Caller, dense, refused, tree

PATHS = ("model.pt", "artifact", "artifact/network.net")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("engine", ["golden", "fast"])
def test_writes_the_output(call: Caller, here: Path, path: str, engine: str) -> None:
    done = call("run", path, "--samples", "samples.npz", "-o", "out.npz", "--engine", engine)
    assert done.code == 0
    assert "accuracy: " in done.out
    assert done.err.splitlines()[-1] == f"running {engine}"
    assert "output: out.npz" in done.out
    with np.load("out.npz") as file:
        assert set(file) == {"output"}
        assert np.array_equal(file["output"], _expected().output)


def test_trace_holds_every_state(call: Caller, here: Path) -> None:
    words = ("run", "model.pt", "--samples", "samples.npy", "-o", "deep/out.npz", "--trace")
    assert call(*words).code == 0
    expected = _expected().arrays()
    with np.load("deep/out.npz") as file:
        assert set(file) == set(expected) == {"output", *(f"{n}.{s}" for n in "01" for s in "suv")}
        for name, values in expected.items():
            assert np.array_equal(file[name], values)
        assert file["0.s"].shape == (8, 4, 5)


def test_json(call: Caller, here: Path) -> None:
    document = call("run", "artifact", "--samples", "samples.npz", "--json").document
    trace = _expected()
    labels = np.load("samples.npz")["labels"]
    right = (trace.output.sum(axis=0).argmax(axis=1) == labels).mean()
    assert document["accuracy"] == right
    assert document["spikes"] == trace.spikes() > 0
    assert (document["steps"], document["samples"]) == (8, 4)
    assert [layer["spikes"] for layer in document["layers"]] == [
        int(trace[name].s.sum()) for name in trace
    ]
    assert (
        call("run", "artifact", "--samples", "samples.npy", "--json").document["accuracy"] is None
    )


def test_build(call: Caller, here: Path) -> None:
    build = ("--build", "mine:make")
    assert call("run", "weights.pt", *build, "--samples", "samples.npz").code == 0
    refused(call("run", "artifact", *build, "--samples", "samples.npz"), 2, "only with a model")


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["--engine", "nope"], "there are: golden, fast, "),
        (["--trace"], "only with -o"),
        (["-o", "out.csv"], ".npz"),
        (["-o", "model.pt/out.npz"], "model.pt is a file"),
    ],
)
def test_words_that_do_not_fit(call: Caller, here: Path, words: list[str], fragment: str) -> None:
    before = tree(here)
    refused(call("run", "model.pt", "--samples", "samples.npz", *words), 2, fragment)
    assert tree(here) == before


def test_an_edited_artifact_is_refused(call: Caller, here: Path) -> None:
    with (here / "artifact/network.net").open("ab") as file:
        file.write(b"\0")
    done = call("run", "artifact", "--samples", "samples.npz", "-o", "out.npz")
    refused(done, 2, "network.net is not the file that was exported")
    assert not (here / "out.npz").exists()


def _expected() -> nd.Trace:
    samples = np.load("samples.npy")
    trace = nd.simulate(nd.lower(dense(), example=samples), samples)
    assert trace.spikes() > 0
    return trace
