"""Networks that floats enter through an encoder: every link agrees, from training to simulators.

A failure names the network, such as `delta int8 6`, which `encoded_case(6, "int8")` makes again.
"""

from __future__ import annotations

import pytest

from neurodeploy.sandbox import Environment
from neurodeploy.target import target
from tests.conformance.encoded_networks import DRIVEN, HEADS, encoded_case
from tests.conformance.links import hold_all, in_lava, in_lynxi, in_onnxruntime, outcome

# The bits of the largest integer that one float16 holds.
HALF_BITS = 11


def count(full: bool, kinds: int = len(HEADS)) -> int:
    """How many networks a target runs; the subset has each kind once."""
    return 504 if full else kinds


@pytest.mark.timeout(3600)
def test_onnx(full: bool, onnxruntime: Environment, pytestconfig: pytest.Config) -> None:
    forms = ("int8", "int4", "int12", "lynxi")
    cases = [encoded_case(seed, forms[seed % len(forms)]) for seed in range(count(full))]
    tally = hold_all(target("onnx"), cases, in_onnxruntime(onnxruntime))
    outcome(pytestconfig, "Encoders for onnx", tally, len(cases))


@pytest.mark.timeout(3600)
def test_loihi(full: bool, lava: Environment, pytestconfig: pytest.Config) -> None:
    cases = [encoded_case(seed, "loihi") for seed in range(count(full, DRIVEN))]
    tally = hold_all(target("loihi"), cases, in_lava)
    outcome(pytestconfig, "Encoders for loihi", tally, len(cases))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("simulator", ["interpreter", "float16"])
def test_lynxi(simulator: str, full: bool, pytestconfig: pytest.Config) -> None:
    chip = target("lynxi")
    cases = [encoded_case(seed, "lynxi", HALF_BITS) for seed in range(count(full))]
    tally = hold_all(chip, cases, in_lynxi(chip, simulator))
    outcome(pytestconfig, "Encoders for lynxi", tally, len(cases))
