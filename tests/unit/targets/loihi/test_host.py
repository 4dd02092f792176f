"""What a host does for input neurons: the scale and the bias of their samples, everywhere alike."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import h5py
import numpy as np
import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, SamplesError
from neurodeploy.program import Edge, Input, Neuron, Program, Signal
from neurodeploy.simulator import run_golden
from snncore.dynamics.number_system import LOIHI_DRIVEN
from snncore.dynamics.zoo import DRIVEN_CUBA_LIF
from targets.loihi.chain import Chain, chain_of
from targets.loihi.compile import FILE
from targets.loihi.host import host_part, input_bias_of, input_scale_of, lava_run
from targets.loihi.target import target
from tests.unit.targets.loihi.programs import dense, driven

VALUES = {"gain": 48, "current_decay": 1024, "voltage_decay": 128, "threshold": 80, "bias": 16}


def scaled(**changes: Any) -> Program:
    """Three neurons that measurements drive, each many times over."""
    values = {key: np.asarray(value) for key, value in (VALUES | changes).items()}
    kind = (DRIVEN_CUBA_LIF, LOIHI_DRIVEN)
    nodes = (
        Input("input", (3,), Signal.CURRENT),
        Neuron("in", (Edge("input"),), *kind, values, -6),
    )
    return Program(nodes, "in")


def chain(program: Program) -> Chain:
    found = chain_of(program)
    assert isinstance(found, Chain)
    return found


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (scaled(), {"scale": 48, "bias": 16}),
        (scaled(gain=-7, bias=0), {"scale": -7}),
        (driven(bias=5), {"bias": 5}),
        (driven(), {}),
        (dense(bias=5), {}),
    ],
)
def test_the_manifest_says_what_a_host_does(program: Program, expected: dict[str, int]) -> None:
    assert host_part(chain(program)) == expected
    artifact = target.compile(program)
    told = artifact.contract["input"]
    assert {key: told[key] for key in ("scale", "bias") if key in told} == expected
    assert target.read(artifact) == program
    assert input_scale_of(artifact.contract) == expected.get("scale")
    assert input_bias_of(artifact.contract) == expected.get("bias", 0)


@pytest.mark.parametrize("scale", [2, 48, -7])
def test_another_scale_in_the_manifest_is_another_program(scale: int) -> None:
    artifact = target.compile(scaled())
    told = artifact.contract["input"] | {"scale": scale}
    read = target.read(replace(artifact, contract=artifact.contract | {"input": told}))
    assert int(read.layers[0].parameters["gain"]) == scale
    assert (read == scaled()) == (scale == 48)


def test_the_file_keeps_the_scale_as_a_note() -> None:
    with h5py.File(io.BytesIO(target.compile(scaled()).files[FILE])) as file:
        entry = file["layer/0"]
        assert (int(entry["weight"][()]), int(entry["bias"][()])) == (48, 16)
    with h5py.File(io.BytesIO(target.compile(driven()).files[FILE])) as file:
        assert not {"weight", "bias"} & set(file["layer/0"])


def test_samples_are_multiplied_before_a_simulator_has_them() -> None:
    samples = np.arange(-6, 6, dtype=np.int16).reshape(2, 2, 3)
    run = lava_run(target.compile(scaled()), samples)
    assert run.samples.tolist() == (samples.astype(int) * 48).tolist()
    assert run.input_bias == 16
    plain = lava_run(target.compile(driven(bias=5)), samples)
    assert plain.samples.tolist() == samples.tolist()
    assert plain.input_bias == 5


def test_the_scale_is_what_the_golden_interpreter_computes() -> None:
    samples = np.random.default_rng(0).integers(-3, 9, (12, 2, 3))
    whole = run_golden(scaled(gain=1), samples * 48)["in"]
    assert whole.s.any()
    for key, values in run_golden(scaled(), samples)["in"].values.items():
        assert np.array_equal(values, whole.values[key]), key


@pytest.mark.parametrize(("sample", "fits"), [((1 << 31) - 1, True), (1 << 31, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_product_beyond_32_bits_is_refused(sample: int, fits: bool, sign: int) -> None:
    artifact = target.compile(scaled(gain=sign, bias=0))
    samples = np.full((1, 1, 3), sample, dtype=np.int64)
    if fits:
        assert int(lava_run(artifact, samples).samples.min()) == sign * sample
        return
    if sign < 0:
        # The smallest number of 32 bits has no counterpart above zero.
        assert int(lava_run(artifact, samples).samples.min()) == -(1 << 31)
        samples = samples + 1
    with pytest.raises(SamplesError, match="the input's scale of"):
        lava_run(artifact, samples)


@pytest.mark.parametrize("key", ["scale", "bias"])
@pytest.mark.parametrize("value", [1 << 15, -(1 << 15) - 1, 1.0, "3", True])
def test_what_is_no_number_of_16_bits_is_refused(key: str, value: object) -> None:
    artifact = target.compile(scaled())
    told = artifact.contract["input"] | {key: value}
    contract = artifact.contract | {"input": told}
    with pytest.raises(ArtifactError, match=rf"input\.{key} is .* 16 bits"):
        target.read(replace(artifact, contract=contract))


@pytest.mark.parametrize("value", [-(1 << 15), (1 << 15) - 1])
def test_the_ends_of_16_bits_are_numbers(value: int) -> None:
    told = {"input": {"scale": value, "bias": value}}
    assert (input_scale_of(told), input_bias_of(told)) == (value, value)


def test_a_bare_file_knows_of_no_host() -> None:
    bare = Artifact("loihi", dict(target.compile(scaled()).files))
    assert "gain" not in target.read(bare).layers[0].parameters
    assert (input_scale_of(None), input_bias_of({})) == (None, 0)
