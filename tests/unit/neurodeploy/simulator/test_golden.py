"""The golden interpreter against programs carried out neuron by neuron in plain integers."""

from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import UnknownNameError, ValidationError
from neurodeploy.program import Conv2d, Dense, Edge, Flatten, Input, Program, Signal
from neurodeploy.simulator import ENGINES, golden, run_golden, simulate
from tests.unit import naive
from tests.unit.programs import driven, neurons, random_program, random_samples, small

SEEDS = range(120)


def sizes(seed: int) -> tuple[int, int]:
    return (1, 2, 7, 14)[seed % 4], (1, 2, 3)[seed % 3]


def equal(first: Any, second: Any) -> bool:
    return all(
        np.array_equal(first[name].values[key], values)
        for name, states in second.items()
        for key, values in states.items()
    )


def test_golden_is_naive_on_random_programs(full: bool) -> None:
    spiking, seeds = 0, SEEDS if full else SEEDS[:50]
    for seed in seeds:
        program = random_program(seed)
        samples = random_samples(program, seed, *sizes(seed))
        golden, expected = run_golden(program, samples), naive.run(program, samples)
        assert golden.layers.keys() == expected.keys()
        for name, states in expected.items():
            assert golden[name].values.keys() == states.keys()
        assert equal(golden, expected), f"seed {seed}"
        spiking += golden.spikes() > 0
    assert spiking > len(seeds) / 2


def test_random_programs_have_everything() -> None:
    programs = [random_program(seed) for seed in SEEDS]
    nodes = [node for program in programs for node in program.nodes]
    layers = [layer for program in programs for layer in program.layers]
    synapses = [node for node in nodes if isinstance(node, Dense | Conv2d)]
    edges = [(node, edge) for node in nodes for edge in node.sources]
    present = {
        "convolutions": any(isinstance(node, Conv2d) for node in nodes),
        "flattens": any(isinstance(node, Flatten) for node in nodes),
        "groups": any(isinstance(node, Conv2d) and node.groups > 1 for node in nodes),
        "dilation": any(isinstance(node, Conv2d) and node.dilation[0] > 1 for node in nodes),
        "shifts": any(isinstance(node, Dense) and node.shift for node in nodes),
        "narrow sums": any(node.accumulator_bits < 20 for node in synapses),
        "three branches": any(len(layer.inputs) > 2 for layer in layers),
        "delays": any(edge.delay > 1 for _, edge in edges),
        "loops": any(edge.source == f"{node.name.split('.')[0]}" for node, edge in edges),
        "currents": any(program.input.signal == Signal.CURRENT for program in programs),
        "own values": any(v.size > 1 for layer in layers for v in layer.parameters.values()),
        "four neurons": len({layer.equations.name for layer in layers}) == 4,
    }
    assert not [what for what, there in present.items() if not there]


def test_one_changed_weight_is_seen() -> None:
    program, samples = small(), np.ones((6, 1, 2), dtype=np.int64)
    expected = naive.run(program, samples)
    assert equal(run_golden(program, samples), expected)
    weight = program.synapses[0].weight.copy()
    weight[0, 0] ^= 1
    changed = Program((program.nodes[0], Dense("d", Edge("in"), weight), program.nodes[2]), "n")
    assert not equal(run_golden(changed, samples), expected)


def test_a_delay_and_a_loop_come_when_they_are_due() -> None:
    one = np.array([[64]])
    fire = {"current_decay": 4096, "voltage_decay": 4096, "threshold": 63}
    program = Program(
        (
            Input("in", (1,)),
            Dense("d", Edge("in", 2), one),
            Dense("again", Edge("n", 3), one),
            neurons("n", "d", "again", **fire),
        ),
        "n",
    )
    samples = np.zeros((12, 1, 1), dtype=np.int64)
    samples[0] = 1
    for engine in ENGINES:
        output = simulate(program, samples, engine=engine).output.reshape(-1)
        assert output.tolist() == [0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1]


def test_sums_are_shifted_and_then_wrapped() -> None:
    def first(weight: int, **options: int) -> int:
        nodes = (Input("in", (1,)), Dense("d", Edge("in"), [[weight]], **options))
        program = Program((*nodes, neurons("n", "d", threshold=1 << 17)), "n")
        return int(run_golden(program, np.ones((1, 1, 1)))["n"].u[0, 0, 0]) // 64

    assert first(-7, shift=1) == -4
    assert first(200, accumulator_bits=8) == -56
    assert first(400, shift=1, accumulator_bits=8) == -56
    assert first(127, accumulator_bits=8) == 127


def test_neurons_that_are_equal_keep_apart() -> None:
    samples = np.zeros((4, 1, 3), dtype=np.int64)
    samples[:, 0] = [0, 50, 200]
    golden = run_golden(driven(current_decay=4096, voltage_decay=0), samples)
    assert golden["n"].s[:, 0].T.tolist() == [[0, 0, 0, 0], [0, 1, 0, 1], [1, 1, 1, 1]]


def test_an_unknown_engine_lists_those_there_are() -> None:
    with pytest.raises(UnknownNameError, match="no engine abacus; there are golden, fast"):
        simulate(small(), np.zeros((1, 1, 2)), engine="abacus")


@pytest.mark.parametrize("engine", ENGINES)
def test_what_no_engine_can_run_says_so(engine: str) -> None:
    two = Program((Input("in", (2,)), Input("other", (2,)), neurons("n", "in")), "n")
    silent = Program((Input("in", (2,)), neurons("n", "in"), Dense("d", Edge("n"), [[1, 2]])), "d")
    for program, words in ((two, "2 inputs"), (silent, "d: .*not a layer of neurons")):
        with pytest.raises(ValidationError, match=words):
            simulate(program, np.zeros((1, 1, 2)), engine=engine)


@pytest.mark.parametrize(("largest", "in_floats"), [(1, True), (37, True), (1 << 45, False)])
def test_a_large_convolution_is_multiplied_in_floats_where_these_hold_its_sums(
    largest: int, in_floats: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    form: dict[str, Any] = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}
    node = Conv2d("c", Edge("x"), rng.integers(-127, 128, (6, 4, 3, 3)), **form)
    x = rng.integers(-largest, largest + 1, (2, 8, 9, 9))
    carriers, zeros = [], np.zeros

    def noted(shape: Any, dtype: Any) -> Any:
        carriers.append(dtype)
        return zeros(shape, dtype=dtype)

    monkeypatch.setattr(golden.np, "zeros", noted)
    results = []
    for many in (0, 1 << 62):
        monkeypatch.setattr(golden, "_MANY_PRODUCTS", many)
        results.append(golden.correlate(x, node))
    assert carriers == [np.float64 if in_floats else np.int64, np.int64]
    assert (results[0] == results[1]).all()
    assert results[0].dtype == np.int64
    assert np.abs(results[0]).max() > 100 * largest
