"""Networks that end in readouts and decoders: training, golden, fast, files and simulators agree.

A failure names the network, such as `count loihi 3`, which `reading_case(3, "loihi")` makes again.
"""

from __future__ import annotations

import pytest

from neurodeploy.sandbox import Environment
from neurodeploy.target import target
from tests.conformance.links import hold_all, in_lava, in_lynxi, in_onnxruntime, outcome
from tests.conformance.reading_networks import DECODERS, reading_case


def count(full: bool) -> int:
    """How many networks a target runs; the subset has each decoder once."""
    return 504 if full else len(DECODERS)


@pytest.mark.timeout(3600)
def test_onnx(full: bool, onnxruntime: Environment, pytestconfig: pytest.Config) -> None:
    forms = ("int8", "int4", "int12", "lynxi")
    cases = [reading_case(seed, forms[seed % len(forms)]) for seed in range(count(full))]
    tally = hold_all(target("onnx"), cases, in_onnxruntime(onnxruntime))
    outcome(pytestconfig, "Readouts for onnx", tally, len(cases))


@pytest.mark.timeout(3600)
def test_loihi(full: bool, lava: Environment, pytestconfig: pytest.Config) -> None:
    cases = [reading_case(seed, "loihi") for seed in range(count(full))]
    tally = hold_all(target("loihi"), cases, in_lava)
    outcome(pytestconfig, "Readouts for loihi", tally, len(cases))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("simulator", ["interpreter", "float16"])
def test_lynxi(simulator: str, full: bool, pytestconfig: pytest.Config) -> None:
    chip = target("lynxi")
    cases = [reading_case(seed, "lynxi") for seed in range(count(full))]
    tally = hold_all(chip, cases, in_lynxi(chip, simulator))
    outcome(pytestconfig, "Readouts for lynxi", tally, len(cases))
