"""A session's steps are the whole run's, on every engine, stream by stream, and across engines."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import neurodeploy as nd
from neurodeploy.errors import (
    ArtifactError,
    SamplesError,
    SimulatorError,
    SimulatorScopeError,
    UnknownNameError,
    ValidationError,
)
from neurodeploy.flow.pipeline import compiled
from neurodeploy.program import Program
from neurodeploy.runtime import Memory, Session
from neurodeploy.trace import Trace
from snncore import layer, neuron
from tests.conformance.encoded_networks import HEADS, encoded_case
from tests.conformance.reading_networks import DECODERS, reading_case
from tests.unit.programs import random_program, random_samples, small

ENGINES = ("golden", "fast")


def check(session: Session, samples: np.ndarray, whole: Trace) -> None:
    """Every layer, state and output of each step is that of the whole run."""
    output = np.zeros(0)
    for step, row in enumerate(samples):
        output = session.step(row)
        if not whole.readout.over_time:
            assert np.array_equal(output, whole.output[step])
        trace = session.trace
        assert list(trace) == list(whole)
        for name in whole:
            for key, values in whole[name].values.items():
                assert np.array_equal(trace[name].values[key][0], values[step]), (name, key, step)
    assert np.array_equal(output, whole.output[-1] if not whole.readout.over_time else whole.output)


@pytest.mark.parametrize("engine", [*ENGINES, "c"])
def test_steps_are_those_of_the_whole_run(engine: str) -> None:
    late = spikes = 0
    for seed in range(2000, 2008):
        program = random_program(seed)
        samples = random_samples(program, seed, 7, 2)
        whole = nd.simulate(program, samples)
        check(Session(program, engine=engine, streams=2), samples, whole)
        late, spikes = late + bool(program.late_sources), spikes + whole.spikes()
    assert late
    assert spikes


@pytest.mark.parametrize("engine", [*ENGINES, "c"])
@pytest.mark.parametrize("seed", range(len(DECODERS)))
def test_readouts_show_what_they_would_show_if_the_run_ended_here(seed: int, engine: str) -> None:
    case = reading_case(seed, "int8")
    session = Session(case.program, engine=engine, streams=case.samples.shape[1])
    for step, row in enumerate(case.samples, start=1):
        output = session.step(row)
        whole = nd.simulate(case.program, case.samples[:step]).output
        over_time = case.program.readout.over_time
        assert np.array_equal(output, whole if over_time else whole[-1])


@pytest.mark.parametrize("seed", range(len(HEADS)))
def test_inputs_are_in_the_users_units(seed: int) -> None:
    case = encoded_case(seed, "int8")
    assert case.values is not None
    whole = nd.simulate(case.program, case.values)
    check(Session(case.program, streams=case.values.shape[1]), case.values, whole)


def test_a_stream_alone_has_no_axis_for_streams() -> None:
    program = small()
    samples = random_samples(program, 1, 9, 1)
    session, whole = Session(program), nd.simulate(program, samples)
    outputs = [session.step(torch.from_numpy(row[0])) for row in samples]
    assert np.array_equal(np.stack(outputs), whole.output[:, 0])
    assert session.steps.tolist() == [9]
    assert session.latency.steps == 9
    assert 0 < session.latency.median <= session.latency.longest


@pytest.mark.parametrize("engine", ENGINES)
def test_streams_begin_anew_one_by_one(engine: str) -> None:
    case = reading_case(1, "int8")
    assert case.program.readout.per_step
    samples = np.repeat(case.samples[:, :1], 3, axis=1)
    session = Session(case.program, engine=engine, streams=3)
    for row in samples[:2]:
        session.step(row)
    session.reset([1])
    output = np.zeros(0)
    for step, row in enumerate(samples[2:], start=1):
        # The second stream sees the sequence from its beginning.
        row = row.copy()
        row[1] = samples[step - 1, 1]
        output = session.step(row)
    expected = nd.simulate(case.program, samples).output[0]
    begun = nd.simulate(case.program, samples[:-2]).output[1]
    assert np.array_equal(output[[0, 2]], [expected, expected])
    assert np.array_equal(output[1], begun)
    session.reset()
    assert not session.steps.any()
    assert not any(values.any() for values in session.memory.arrays().values())


@pytest.mark.parametrize(("first", "second"), [("golden", "fast"), ("fast", "golden")])
def test_another_engine_goes_on_from_a_memory(first: str, second: str, tmp_path: Path) -> None:
    late = 0
    for seed in (1001, 1002, 1003, 1004):
        program = random_program(seed)
        samples = random_samples(program, seed, 8, 2)
        whole = nd.simulate(program, samples)
        before = Session(program, engine=first, streams=2)
        for row in samples[:4]:
            before.step(row)
        np.savez(tmp_path / "memory.npz", allow_pickle=False, **before.memory.arrays())
        with np.load(tmp_path / "memory.npz") as file:
            memory = Memory.of_arrays(program, 2, file)
        after = Session(program, engine=second, streams=2)
        after.restore(memory)
        for step in range(4, 8):
            assert np.array_equal(after.step(samples[step]), whole.output[step])
        late += bool(program.late_sources)
    assert late


@pytest.mark.parametrize("engine", ["onnxruntime", "reference", "c"])
def test_a_runtime_of_its_own_steps_with_the_same_bits(engine: str) -> None:
    case = reading_case(1, "int8")
    count = case.samples.shape[1]
    with Session(case.program, engine=engine, streams=count) as session:
        whole = nd.simulate(case.program, case.samples)
        check(session, case.samples, whole)
        session.reset()
        check(session, case.samples, whole)
        with pytest.raises(SimulatorScopeError, match="keeps its memory to itself"):
            session.reset([0])
        assert session.latency.steps == 2 * len(case.samples)
    if engine != "c":
        with pytest.raises(SimulatorError, match="the worker ended"):
            session.step(case.samples[0])


def test_a_source_is_followed_without_blocking() -> None:
    program = small()
    samples = random_samples(program, 2, 6, 1)[:, 0]

    async def frames() -> AsyncIterator[np.ndarray]:
        for row in samples:
            await asyncio.sleep(0)
            yield row

    async def outputs(source: Any) -> list[np.ndarray]:
        return [output async for output in Session(program).follow(source)]

    expected = nd.simulate(program, samples[:, None]).output[:, 0]
    assert np.array_equal(asyncio.run(outputs(frames())), expected)
    assert np.array_equal(asyncio.run(outputs(list(samples))), expected)


def test_an_artifact_is_opened_and_an_edited_one_is_not(tmp_path: Path) -> None:
    case = reading_case(0, "int8")
    artifact = compiled(case.program, target="onnx").write(tmp_path / "out")
    whole = nd.simulate(case.program, case.samples)
    for source in (artifact, tmp_path / "out", tmp_path / "out" / "network.onnx"):
        check(Session(source, streams=case.samples.shape[1]), case.samples, whole)
    contents = bytearray((tmp_path / "out" / "network.onnx").read_bytes())
    contents[-9] ^= 1
    (tmp_path / "out" / "network.onnx").write_bytes(contents)
    with pytest.raises(ArtifactError):
        Session(tmp_path / "out")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros((1, 2)), r"the input of a step is \(1, 2\), not \(2,\)"),
        (np.array([np.nan, 0]), "NaN"),
        (np.array([2, 0]), "0 or 1"),
        (np.array(["a", "b"]), "not numbers"),
    ],
)
def test_an_input_that_does_not_fit(values: np.ndarray, words: str) -> None:
    with pytest.raises(SamplesError, match=words):
        Session(small(), engine="golden").step(values)


def test_what_no_session_is_made_of(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no engine lava runs live; there are golden, "):
        Session(small(), engine="lava")
    with pytest.raises(ValidationError, match="0 streams"):
        Session(small(), streams=0)
    with pytest.raises(ValidationError, match="no stream 2"):
        Session(small(), engine="golden", streams=2).reset([2])
    with pytest.raises(ValidationError, match="no step"):
        _ = Session(small(), engine="golden").trace
    net = torch.nn.Sequential(layer.Linear(3, 2), neuron.LIF())
    floats = nd.export(net, target="onnx", path=tmp_path / "floats", example=torch.zeros(2, 1, 3))
    with pytest.raises(ValidationError, match="network in floats"):
        Session(floats)


def _changed(program: Program, name: str, value: object) -> dict[str, object]:
    return Memory.blank(program, 1).arrays() | {name: value}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("state/n/u", np.zeros((1, 4), np.int64), "not whole numbers"),
        ("state/n/u", np.zeros((1, 3)), "not whole numbers"),
        ("state/n/u", np.full((1, 3), 1 << 40), "beyond"),
    ],
)
def test_a_memory_that_does_not_fit(name: str, value: object, words: str) -> None:
    with pytest.raises(SamplesError, match=words):
        Memory.of_arrays(small(), 1, _changed(small(), name, value))
    with pytest.raises(SamplesError, match="has no state/n/u"):
        Memory.of_arrays(small(), 1, {"steps": np.zeros(1, np.int64)})
