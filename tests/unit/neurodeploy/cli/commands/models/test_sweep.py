"""`neurodeploy sweep` shows every target and width, and what does not fit."""

import re
from pathlib import Path

from tests.unit.neurodeploy.cli.helpers import Caller, refused

WORDS = ("sweep", "float.pt", "--samples", "samples.npz", "--jobs", 1)


def test_points_are_shown_and_kept(here: Path, call: Caller) -> None:
    words = (*WORDS, "--targets", "onnx,loihi", "--bits", "3..4", "--keep", "results")
    document = call(*words, "--json").document
    points = {(each["target"], each["bits"]): each for each in document["points"]}
    assert set(points) == {("onnx", 3), ("onnx", 4), ("loihi", 3), ("loihi", 4)}
    assert points["onnx", 4]["bytes"] == 9
    assert points["onnx", 4]["float_accuracy"] is not None
    assert len(list((here / "results").iterdir())) == 4
    done = call(*words)
    assert done.code == 0
    assert re.search(r"^onnx +4 +\d+\.\d\d% ", done.out, re.MULTILINE)
    assert "4 of 4 tasks are done" in done.err


def test_bad_usage(here: Path, call: Caller) -> None:
    refused(call(*WORDS, "--targets", "onnx", "--bits", "8..3"), 2, "LO..HI")
    refused(call(*WORDS, "--targets", "onnx", "--bits", "1..3"), 2, "LO..HI")
    refused(call(*WORDS, "--targets", "moon", "--bits", "4"), 2, "moon")
    refused(call(*WORDS, "--targets", ",", "--bits", "4"), 2, "no target")
    refused(
        call("sweep", "no.pt", *WORDS[2:], "--targets", "onnx", "--bits", "4"), 2, "no such file"
    )


def test_a_model_that_fits_nowhere(here: Path, call: Caller) -> None:
    words = ("sweep", "model.pt", *WORDS[2:], "--targets", "onnx", "--bits", "4")
    done = call(*words)
    assert done.code == 3
    assert "onnx, 4 bits: the model is quantized already" in done.out
