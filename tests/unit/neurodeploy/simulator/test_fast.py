"""The fast engine is the golden interpreter on every bit, whatever carries its numbers."""

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from neurodeploy.errors import SamplesError, ValidationError
from neurodeploy.program import Dense, Edge, Flatten, Input, Neuron, Program, Signal
from neurodeploy.program.ranges import ranges
from neurodeploy.simulator import fast, run_golden
from neurodeploy.simulator.carrier import carried_step
from neurodeploy.simulator.engine import compiled as engine_choice
from neurodeploy.simulator.fast import run_fast, run_tensors
from neurodeploy.simulator.layers import CompiledLayer, TorchLayer, compiled_layer
from neurodeploy.simulator.weights import exact_weights
from neurodeploy.verification.compare import compare
from snncore.dynamics import Equations, Format, NumberSystem, Op
from snncore.dynamics.arithmetic.interval import Interval
from snncore.dynamics.expression import Operation
from snncore.kernels.cpp import build as cpp_build
from snncore.kernels.cpp import integer as cpp_integer
from tests.unit.programs import SOFT, driven, neurons, random_program, random_samples, small

SEEDS = range(1000, 1080)


def check(program: Program, samples: np.ndarray, engines: tuple[bool, ...] = (False, True)) -> int:
    """The engines agree on every layer, state and step; how many spikes there were."""
    golden = run_golden(program, samples)
    for compiled in engines:
        link = compare("golden = fast", golden, run_fast(program, samples, compiled=compiled), 0.0)
        assert link.same, link.divergence or link.reason
    return golden.spikes()


def carrier(program: Program, layer: Neuron, samples: np.ndarray) -> torch.dtype:
    seen = Interval(int(min(samples.min(), 0)), int(max(samples.max(), 0)))
    return carried_step(layer, ranges(program, seen).layers[layer.name]).kind


def compiled_carrier(program: Program, layer: Neuron, samples: np.ndarray) -> torch.dtype:
    seen = Interval(int(min(samples.min(), 0)), int(max(samples.max(), 0)))
    compiled = compiled_layer(layer, ranges(program, seen).layers[layer.name])
    assert compiled is not None, "no C++ compiler was found"
    return compiled.kind


def test_fast_is_golden_on_random_programs_with_every_carrier() -> None:
    carriers: Counter[torch.dtype] = Counter()
    compiled: Counter[torch.dtype] = Counter()
    spiking = 0
    for seed in SEEDS:
        program = random_program(seed)
        steps, count = (1, 2, 5, 17)[seed % 4], (1, 3)[seed % 2]
        samples = random_samples(program, seed, steps, count)
        # Each network has a structure of its own, and compiling it takes a while.
        engines = (False, True) if seed % 4 == 0 else (False,)
        spiking += check(program, samples, engines) > 0
        carriers.update(carrier(program, layer, samples) for layer in program.layers)
        if len(engines) == 2:
            kinds = (compiled_carrier(program, layer, samples) for layer in program.layers)
            compiled.update(kinds)
    assert spiking > len(SEEDS) / 2
    assert {torch.float32, torch.float64, torch.int64} == carriers.keys()
    assert {torch.int32, torch.float64, torch.int64} == compiled.keys()
    assert min(carriers.values()) >= 3


def test_long_samples_are_worth_compiling(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Short ones run in C++ only where that was compiled before."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(cpp_integer, "_libraries", {})
    program = small()
    samples = random_samples(program, 3, 20, 4)
    ran: list[type] = []
    for kind in (CompiledLayer, TorchLayer):
        run = kind.run
        monkeypatch.setattr(kind, "run", lambda *a, run=run, kind=kind: ran.append(kind) or run(*a))
    run_fast(program, samples)
    assert set(ran) == {TorchLayer}
    ran.clear()
    monkeypatch.setattr(engine_choice, "WORTH_COMPILING", 1)
    assert run_fast(program, samples).spikes() > 0
    assert set(ran) == {CompiledLayer}
    ran.clear()
    monkeypatch.setattr(engine_choice, "WORTH_COMPILING", 1 << 40)
    fast._engine.cache_clear()
    run_fast(small(), samples)
    assert set(ran) == {CompiledLayer}


def test_a_compiler_that_fails_leaves_the_layers_to_torch(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "c++"
    real = " ".join(cpp_build.compiler() or ())
    broken.write_text(f'#!/bin/sh\ncase "$*" in *kernel.cpp*) exit 1; esac\nexec {real} "$@"\n')
    broken.chmod(0o755)
    monkeypatch.setenv("CXX", str(broken))
    monkeypatch.setattr(cpp_integer, "_libraries", {})
    # A network that no engine was made for yet.
    program = driven(threshold=77)
    assert check(program, np.full((9, 2, 3), 7)) > 0
    assert compiled_layer(program.layers[0], ranges(program).layers["n"]) is None


def test_networks_of_one_structure_share_their_compiled_step() -> None:
    sources = set()
    for decay, threshold in ((10, 300), (20, 500), (30, 64)):
        program = driven(voltage_decay=decay, threshold=threshold)
        samples = np.full((3, 1, 3), 7)
        seen = ranges(program, Interval(0, 7)).layers[program.layers[0].name]
        compiled = compiled_layer(program.layers[0], seen)
        assert compiled is not None
        sources.add(compiled.compiled.source)
        check(program, samples)
    assert len(sources) == 1


@pytest.mark.parametrize("value", [0, 1])
def test_samples_that_are_all_alike(value: int) -> None:
    program = random_program(1003)
    shape = (5, 2, *program.input.shape)
    check(program, np.full(shape, value))
    assert (check(small(), np.full((5, 2, 2), value)) > 0) == bool(value)


def test_neurons_that_only_their_biases_drive() -> None:
    program = driven((2, 2, 1), bias=[[[9]], [[700]]], voltage_decay=4096, threshold=300)
    assert check(program, np.zeros((4, 3, 2, 2, 1))) == 4 * 3 * 2


@pytest.mark.parametrize("count", [1, 63, 64, 65, 150])
def test_a_batch_larger_than_the_engines_own_is_put_together(count: int) -> None:
    program = random_program(1001)
    samples = random_samples(program, 7, 6, count)
    threads = torch.get_num_threads()
    check(program, samples)
    assert torch.get_num_threads() == threads


def test_late_inputs_of_both_signs_in_a_loop() -> None:
    weights, back = np.array([[24, -16], [8, 56], [40, 72]]), 8 * np.eye(3, dtype=int)
    nodes = (
        Input("in", (2,), Signal.CURRENT),
        Dense("late", Edge("in", 3), weights),
        Dense("back", Edge("n", 1), back),
        neurons("n", "late", "back", threshold=20),
    )
    samples = np.random.default_rng(0).integers(-100, 100, (24, 3, 2))
    # Steps without a negative value fit bytes; those before them do not.
    samples[::3] = np.abs(samples[::3])
    assert check(Program(nodes, "n"), samples) > 0


def test_spikes_alone_are_the_spikes() -> None:
    program = small()
    samples = random_samples(program, 3, 20, 4)
    whole, spikes = run_fast(program, samples), run_fast(program, samples, states=False)
    assert set(spikes["n"].values) == {"s"}
    assert np.array_equal(whole["n"].s, spikes["n"].s)
    assert spikes["n"].s.dtype == np.uint8
    assert whole["n"].u.dtype == np.int64
    assert whole.spikes() > 0


def test_samples_of_a_wider_range_are_run_anew() -> None:
    program = driven(current_decay=100, voltage_decay=10, threshold=1 << 17)
    low, high = np.ones((9, 1, 3), dtype=np.int64), np.full((9, 1, 3), 1 << 20)
    for samples in (low, high, -high, low):
        check(program, samples)


@pytest.mark.parametrize(
    ("largest", "parameters", "kind"),
    [
        (40, {"current_decay": 4096, "voltage_decay": 4096}, torch.float32),
        (40, {}, torch.float64),
        ((1 << 24) - 1, {"current_decay": 0, "voltage_decay": 0}, torch.float64),
    ],
)
def test_loihis_neurons_at_their_ends(
    largest: int, parameters: dict[str, int], kind: torch.dtype
) -> None:
    program = driven(threshold=1 << 16, **parameters)
    for samples in (
        np.full((70, 1, 3), largest),
        np.full((70, 1, 3), -largest),
        np.random.default_rng(1).integers(-largest, largest + 1, (200, 4, 3)),
    ):
        check(program, samples)
    assert carrier(program, program.layers[0], samples) == kind


def test_weights_as_large_as_a_carrier_are_exact() -> None:
    weight = [[(1 << 24) - 1, 1, 0], [(1 << 30) + 1, (1 << 30) - 3, 5]]
    for bits in (32, 40, 62):
        nodes = (Input("in", (3,)), Dense("d", Edge("in"), weight, accumulator_bits=bits))
        program = Program((*nodes, neurons("n", "d", threshold=1 << 17)), "n")
        samples = random_samples(program, 1, 12, 3)
        check(program, samples)


def test_what_no_carrier_holds_is_refused_by_name() -> None:
    vast = NumberSystem("vast", (("v", Format(62, 0)),), (("threshold", 0),), carrier_bits=62)
    wild = Neuron("n", (Edge("d"),), SOFT, vast, {"threshold": np.int64(1 << 61)})
    for layer, weight, words in (
        (neurons("n", "d"), 1 << 53, "a sum may reach 9007199254740992, which no float"),
        (wild, 1, "n: a value may reach .*, which no type"),
    ):
        wide = Dense("d", Edge("in"), [[weight]])
        program = Program((Input("in", (1,)), wide, layer), "n")
        with pytest.raises(ValidationError, match=words):
            run_fast(program, np.ones((2, 1, 1)))


def test_a_loop_of_weights_alone_has_no_bound() -> None:
    program = Program(
        (
            Input("in", (1,)),
            Dense("a", Edge("b", 1), [[2]]),
            Dense("b", Edge("a"), [[1]]),
            neurons("n", "in", "b"),
        ),
        "n",
    )
    with pytest.raises(ValidationError, match="loop of weights without neurons"):
        run_fast(program, np.ones((2, 1, 1)))


def test_no_engine_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(5):
            program = random_program(seed)
            check(program, random_samples(program, seed, 3, 2))


def test_a_choice_that_is_known_is_no_name_for_what_it_chose() -> None:
    """An operation in place on the choice used to change the state it was made of."""
    operations = (
        Operation(Op.STATE, (), "v"),
        Operation(Op.INPUT, (), "x"),
        Operation(Op.CONSTANT, (), 100.0),
        Operation(Op.GREATER, (1, 2)),
        # A spike's input is never above 100, and so this is the state.
        Operation(Op.SELECT, (3, 1, 0)),
        Operation(Op.ADD, (4, 4)),
        Operation(Op.ADD, (4, 5)),
        Operation(Op.ADD, (6, 1)),
        Operation(Op.SUBTRACT, (0, 1)),
        Operation(Op.SPIKE, (8,), False),
    )
    equations = Equations("Known", ("v",), ("x",), (), operations, (7,), 9)
    system = NumberSystem("known", (("v", Format(20, 0)),), ())
    node = Neuron("n", (Edge("in"),), equations, system)
    program = Program((Input("in", (4,)), node), "n")
    samples = np.random.default_rng(0).integers(0, 2, (6, 3, 4))
    assert 0 < check(program, samples) < samples.size


def _pooled(rng: np.random.Generator, *, alike: bool) -> Program:
    """A program whose weights, perhaps, are the same at all pixels of a channel."""
    weight = rng.integers(-9, 10, (5, 3, 1)).repeat(16, axis=2)
    if not alike:
        weight[2, 1, 7] += 1
    flat = Flatten("flat", Edge("input"))
    dense = Dense("dense", Edge("flat"), weight.reshape(5, 48))
    return Program((Input("input", (3, 4, 4)), flat, dense, neurons("out", "dense")), "out")


@pytest.mark.parametrize("alike", [True, False])
def test_weights_behind_a_pool_of_the_whole_image(alike: bool) -> None:
    rng = np.random.default_rng(3)
    program = _pooled(rng, alike=alike)
    (weight,) = exact_weights(program.by_name["dense"], program, 1, torch.device("cpu"))
    assert weight.shape == (5, 3) if alike else (5, 48)
    samples = (rng.random((6, 4, 3, 4, 4)) < 0.5).astype(np.int64)
    assert check(program, samples) > 0


def test_tensors_are_run_where_they_lie() -> None:
    program = small()
    samples = random_samples(program, 3, 20, 4)
    golden = run_golden(program, samples)
    arrays = run_tensors(program, torch.from_numpy(samples).to(torch.float32), states=True)
    for name in golden:
        for key, values in golden[name].values.items():
            assert np.array_equal(arrays[name][key].numpy(), values)
    assert golden.spikes() > 0
    assert set(run_tensors(program, torch.from_numpy(samples))["n"]) == {"s"}


@pytest.mark.parametrize(
    ("value", "shape", "words"),
    [
        (0.5, (2, 1, 2), "not whole numbers"),
        (float("nan"), (2, 1, 2), "NaN"),
        (2.0, (2, 1, 2), "spikes are 0 or 1"),
        (0.0, (2, 1, 3), r"\(2, 1, 3\), not \(T, N, 2\)"),
        (0.0, (0, 1, 2), "empty"),
    ],
)
def test_tensors_are_checked(value: float, shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(SamplesError, match=words):
        run_tensors(small(), torch.full(shape, value))
