"""The host's part for input neurons: the scale and bias of their samples, everywhere alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.errors import ArtifactError, SamplesError
from neurodeploy.program import Dense, Edge, Input, Neuron, Program, Signal
from neurodeploy.simulator import run_golden
from neurodeploy.target import Severity
from snncore.dynamics.zoo.spiking import DRIVEN_CUBA_LIF
from targets.loihi.chip.format import LOIHI_DRIVEN
from targets.loihi.compile import FILE
from targets.loihi.file.chain import Chain, chain_of
from targets.loihi.file.hdf5 import opened
from targets.loihi.host import host_part, input_bias_of, input_scale_of, lava_run
from targets.loihi.target import target
from tests.unit.targets.loihi import programs
from tests.unit.targets.loihi.neurons.test_sigma_delta import program as sigma_delta

MOST = (1 << 15) - 1


def driven(gain: int = 48, bias: int = 16, behind: bool = False) -> Program:
    """Return measurements that a host scales, their neurons, and dense ones; or the reverse."""
    values = {"current_decay": 4096, "voltage_decay": 100, "threshold": 90}
    parameters = {
        key: np.asarray(value) for key, value in (values | {"gain": gain, "bias": bias}).items()
    }
    weight = np.array([[2, -4, 6], [8, -10, 12]])
    if behind:
        last = Neuron("out", (Edge("out.synapse"),), DRIVEN_CUBA_LIF, LOIHI_DRIVEN, parameters, -6)
        synapse = Dense("out.synapse", Edge("input"), weight, -6)
        return Program((Input("input", (3,)), synapse, last), "out")
    first = Neuron("in", (Edge("input"),), DRIVEN_CUBA_LIF, LOIHI_DRIVEN, parameters, -6)
    synapse = Dense("out.synapse", Edge("in"), weight, -6)
    nodes = (Input("input", (3,), Signal.CURRENT), first, synapse)
    return Program((*nodes, programs.neuron("out", "out.synapse")), "out")


SAMPLES = np.arange(-6, 18).reshape(4, 2, 3)


@pytest.mark.parametrize("gain", [-9, 0, 1, 48, MOST, -MOST - 1])
def test_the_host_multiplies_samples_by_the_scale_of_the_manifest(gain: int) -> None:
    artifact = target.compile(driven(gain))
    assert artifact.contract["input"]["scale"] == gain
    run = lava_run(artifact, SAMPLES)
    assert np.array_equal(run.samples, gain * SAMPLES)
    assert (run.input_bias, run.net) == (16, artifact.files[FILE])
    # A bare file's notes are nobody's.
    bare = lava_run(Artifact("loihi", dict(artifact.files)), SAMPLES)
    assert np.array_equal(bare.samples, SAMPLES)
    assert bare.input_bias == 0
    plain = lava_run(target.compile(programs.driven(bias=5)), SAMPLES)
    assert np.array_equal(plain.samples, SAMPLES)
    assert plain.input_bias == 5


def test_the_scale_is_in_the_program_that_is_read_and_changes_what_it_computes() -> None:
    artifact = target.compile(driven())
    loaded = target.read(artifact)
    assert loaded == driven()
    changed = dict(artifact.contract)
    changed["input"] = dict(changed["input"]) | {"scale": 47}
    other = target.read(replace(artifact, contract=changed))
    assert other == driven(47)
    first, second = run_golden(loaded, SAMPLES), run_golden(other, SAMPLES)
    assert first.spikes() > 0
    assert not np.array_equal(first["in"].u, second["in"].u)


@pytest.mark.parametrize(("gain", "bias"), [(48, 16), (-3, 0), (0, -5)])
def test_the_file_holds_both_as_notes(gain: int, bias: int) -> None:
    with opened(target.compile(driven(gain, bias)).files[FILE], FILE) as entries:
        assert entries[0].number("weight") == gain
        assert entries[0].number("bias") == bias
    plain = target.compile(programs.driven(bias=bias))
    assert "scale" not in plain.contract["input"]
    with opened(plain.files[FILE], FILE) as entries:
        assert "weight" not in entries[0]
        assert ("bias" in entries[0]) == bool(bias)


def test_scaled_samples_fit_32_bits() -> None:
    artifact = target.compile(driven(-MOST - 1))
    largest = 1 << 16
    kept = lava_run(artifact, np.full((1, 1, 3), largest))
    assert int(kept.samples.min()) == -(1 << 31)
    for sample in (largest + 1, -largest):
        with pytest.raises(SamplesError, match=r"the input's scale of -32768 go from .*32 bits"):
            lava_run(artifact, np.full((1, 1, 3), sample))


@pytest.mark.parametrize("key", ["scale", "bias"])
@pytest.mark.parametrize("wrong", [1 << 15, -(1 << 15) - 1, 1.0, 1.5, True, "3", [3]])
def test_a_register_has_16_bits(key: str, wrong: Any) -> None:
    artifact = target.compile(driven())
    changed = dict(artifact.contract)
    changed["input"] = dict(changed["input"]) | {key: wrong}
    with pytest.raises(ArtifactError, match=rf"input\.{key} is .*not a number of 16 bits"):
        target.read(replace(artifact, contract=changed))


def test_the_bits_of_a_message_are_handed_on() -> None:
    artifact = target.compile(sigma_delta(bits=3))
    assert lava_run(artifact, SAMPLES[..., :2]).spike_exp == 3
    assert lava_run(Artifact("loihi", dict(artifact.files)), SAMPLES[..., :2]).spike_exp == 6


def errors(program: Program) -> list[str]:
    return [str(finding) for finding in target.check(program) if finding.severity == Severity.ERROR]


def test_a_scale_is_for_what_enters_the_network_and_fits_its_register() -> None:
    assert errors(driven()) == errors(driven(MOST)) == errors(driven(-MOST - 1)) == []
    (message,) = errors(driven(behind=True))
    assert message.startswith("out.gain: is driven by spikes, and a host scales what enters")
    for gain in (MOST + 1, -MOST - 2):
        (message,) = errors(driven(gain))
        assert message.startswith(f"in.gain: {gain} is not in -32768..32767 of the chip")


def test_states_are_forgotten_and_counted_where_the_layers_begin() -> None:
    contract = target.compile(driven()).contract
    assert (contract["reset_offset"], [layer["lag"] for layer in contract["layers"]]) == (0, [0, 1])
    contract = target.compile(programs.dense()).contract
    assert (contract["reset_offset"], [layer["lag"] for layer in contract["layers"]]) == (1, [1])


VALUES = {"gain": 48, "current_decay": 1024, "voltage_decay": 128, "threshold": 80, "bias": 16}


def scaled(**changes: Any) -> Program:
    """Return three neurons that measurements drive, each many times over."""
    values = {key: np.asarray(value) for key, value in (VALUES | changes).items()}
    kind = (DRIVEN_CUBA_LIF, LOIHI_DRIVEN)
    nodes = (
        Input("input", (3,), Signal.CURRENT),
        Neuron("in", (Edge("input"),), *kind, values, -6),
    )
    return Program(nodes, "in")


def chain(program: Program) -> Chain:
    result = chain_of(program)
    assert isinstance(result, Chain)
    return result


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (scaled(), {"scale": 48, "bias": 16}),
        (scaled(gain=-7, bias=0), {"scale": -7}),
        (programs.driven(bias=5), {"bias": 5}),
        (programs.driven(), {}),
        (programs.dense(bias=5), {}),
    ],
)
def test_the_manifest_says_what_a_host_does(program: Program, expected: dict[str, int]) -> None:
    assert host_part(chain(program)) == expected
    artifact = target.compile(program)
    contract = artifact.contract["input"]
    assert {key: contract[key] for key in ("scale", "bias") if key in contract} == expected
    assert target.read(artifact) == program
    assert input_scale_of(artifact.contract) == expected.get("scale")
    assert input_bias_of(artifact.contract) == expected.get("bias", 0)


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


@pytest.mark.parametrize("value", [-(1 << 15), (1 << 15) - 1])
def test_the_ends_of_16_bits_are_numbers(value: int) -> None:
    contract = {"input": {"scale": value, "bias": value}}
    assert (input_scale_of(contract), input_bias_of(contract)) == (value, value)


def test_a_bare_file_knows_of_no_host() -> None:
    bare = Artifact("loihi", dict(target.compile(scaled()).files))
    assert "gain" not in target.read(bare).layers[0].parameters
    assert (input_scale_of(None), input_bias_of({})) == (None, 0)
