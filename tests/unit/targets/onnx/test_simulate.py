"""Requests to a runtime, and the error if it is not installed."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from neurodeploy.errors import SamplesError, SimulatorMissingError
from targets.onnx import target
from targets.onnx.compile import FILE
from targets.onnx.read import open_file
from targets.onnx.simulators.simulate import FileRun, _call
from tests.unit.programs import small

SAMPLES = np.ones((4, 2, 2), np.int64)


def test_a_runtime_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(tmp_path))
    for name in target.simulators:
        with pytest.raises(SimulatorMissingError) as caught:
            target.simulate(target.compile(small()), SAMPLES, simulator=name)
        assert f"neurodeploy simulators install {name}" in str(caught.value.remedy)


def test_an_unrolled_graph_takes_its_steps_and_no_others() -> None:
    opened = open_file(target.compile(small(), form="unrolled", steps=3))
    with pytest.raises(SamplesError) as caught:
        FileRun(opened, SAMPLES)
    assert str(caught.value) == (
        "samples have 4 steps, and the graph 3 (export with --option steps=4, or as a scan)"
    )


@pytest.mark.parametrize("form", ["scan", "step", "unrolled"])
def test_the_file_is_run_as_it_is_and_shows_more(form: str) -> None:
    artifact = target.compile(small(), form=form, steps=4)
    opened = open_file(artifact)
    call = _call([FileRun(opened, SAMPLES)], target.simulators["onnxruntime"], None)
    run_model = onnx.load_from_string(call.arrays["model0"].tobytes())
    exported = onnx.load_from_string(artifact.files[FILE])
    assert list(run_model.graph.node) == list(exported.graph.node)
    assert list(run_model.graph.initializer) == list(exported.graph.initializer)
    assert list(run_model.graph.output)[: len(exported.graph.output)] == list(exported.graph.output)
    (network,) = call.job["networks"]
    assert [state["input"] for state in network["states"]] == (
        ["n.u", "n.v"] if form == "step" else []
    )
    assert {len(each) for each in network["shown"]} == {4 if form == "unrolled" else 1}
    assert call.arrays["samples0"].dtype == np.uint8
