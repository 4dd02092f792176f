"""Neurons with several inputs: which edge drives which, and that every room computes the same."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import ValidationError
from neurodeploy.program import Dense, Edge, Input, Neuron, Program, dumps, loads
from neurodeploy.program.ranges import ranges
from neurodeploy.simulator import run_golden
from neurodeploy.simulator.fast import run_fast
from neurodeploy.target import Severity, target
from tests.unit import naive
from tests.unit.programs import GATED, PORTED, random_program, random_samples

SEEDS = range(40)
VALUES = {"leak": np.array(32), "threshold": np.array(20)}


def ported(*ports: str, drives: tuple[str, ...] = ("d", "e")) -> Program:
    """Two matrices, each on an input of its own."""
    weights = {"d": [[30, -7]], "e": [[1, 1]]}
    layers = [Dense(name, Edge("in"), np.array(weight)) for name, weight in weights.items()]
    _, system, _ = PORTED["gated"]
    edges = tuple(Edge(name) for name in drives)
    neuron = Neuron("n", edges, GATED, system, VALUES, ports=ports or None)
    return Program((Input("in", (2,)), *layers, neuron), "n")


def test_golden_and_fast_are_naive_and_stay_in_their_ranges(full: bool) -> None:
    spiking = several = 0
    seeds = SEEDS if full else SEEDS[:16]
    for seed in seeds:
        program = random_program(seed, ports=True)
        samples = random_samples(program, seed, (1, 7, 20)[seed % 3], (1, 3)[seed % 2])
        golden, expected = run_golden(program, samples), naive.run(program, samples)
        fast = run_fast(program, samples, compiled=seed % 8 == 0)
        proved = ranges(program)
        for name, states in expected.items():
            for key, values in states.items():
                label = f"seed {seed}: {name}.{key}"
                assert np.array_equal(golden[name].values[key], values), label
                assert np.array_equal(fast[name].values[key], values), label
                bound = proved.layers[name].states.get(key)
                if bound is not None:
                    assert bound.low <= values.min(), label
                    assert values.max() <= bound.high, label
        spiking += golden.spikes() > 0
        several += any(layer.ports for layer in program.layers)
    assert spiking > len(seeds) / 2
    assert several > len(seeds) / 2


def test_they_are_written_and_read_back() -> None:
    for seed in SEEDS:
        program = random_program(seed, ports=True)
        assert loads(dumps(program)) == program
        assert loads(dumps(program)).text() == program.text()


def test_which_edge_drives_which_input_is_what_a_program_means() -> None:
    program, other = ported("x", "gate"), ported("gate", "x")
    assert "n [1] = Gated.two(x=d, gate=e; leak=32, threshold=20) 2^0" in program.text()
    assert program != other
    assert program.sha256 != other.sha256
    samples = np.ones((6, 1, 2), dtype=np.int64)
    first, second = run_golden(program, samples), run_golden(other, samples)
    assert first.spikes() > 0
    assert not np.array_equal(first["n"].v, second["n"].v)


def test_several_edges_of_one_input_are_added() -> None:
    samples = np.ones((4, 1, 2), dtype=np.int64)
    twice = run_golden(ported("x", "x", "gate", drives=("d", "d", "e")), samples)
    double = ported("x", "gate")
    doubled = replace(double.nodes[1], weight=2 * double.synapses[0].weight)
    again = Program((double.nodes[0], doubled, *double.nodes[2:]), "n")
    assert np.array_equal(twice["n"].v, run_golden(again, samples)["n"].v)
    assert np.array_equal(twice["n"].v, run_fast(again, samples)["n"].v)


def test_a_single_input_needs_no_name() -> None:
    layer: Any = random_program(2).layers[0]
    named = replace(layer, ports=layer.equations.inputs * len(layer.inputs))
    assert named == layer
    assert named.ports is None


WRONG = {
    "no names": ((), r"n: Gated has 2 inputs .*name the input of every edge"),
    "too few": (("x",), r"n.ports: \('x',\) are not the inputs \('x', 'gate'\)"),
    "one left out": (("x", "x"), "n.ports: .* are not the inputs"),
    "another name": (("x", "y"), "n.ports: .* are not the inputs"),
}


@pytest.mark.parametrize("name", WRONG)
def test_ports_that_do_not_fit_are_refused(name: str) -> None:
    ports, words = WRONG[name]
    with pytest.raises(ValidationError, match=words):
        ported(*ports)


@pytest.mark.parametrize("name", ["lynxi", "onnx"])
def test_a_target_without_them_says_so(name: str) -> None:
    (finding, *_) = target(name).check(ported("x", "gate"))
    assert finding.severity == Severity.ERROR
    assert finding.node == "n"
    assert "Gated has the inputs x, gate" in finding.message
