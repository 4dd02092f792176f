"""Goals of a layer, answered by trying every number: no solver is needed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import ArtifactError
from neurodeploy.program import Dense, Edge, Input, Neuron, Program
from neurodeploy.proof import Effort, Proofs, Status, proofs_of, unproved
from neurodeploy.proof.goals.parameters import ParameterRows
from neurodeploy.proof.goals.products import opened
from neurodeploy.target.steps import ArtifactSteps, ComputedStep, LayerStep, Leaves, SumBound
from snncore.dynamics import Format, NumberSystem, Overflow
from snncore.dynamics.bits.circuit import Circuit, Wire
from snncore.dynamics.bits.running import run
from snncore.dynamics.bits.table import step
from tests.unit.programs import SOFT

SYSTEM = NumberSystem(
    "tiny", (("v", Format(7, 0, Overflow.WRAP)),), (("threshold", 0),), carrier_bits=12
)


def program(thresholds: Any = 20) -> Program:
    """Return two neurons with seven bits of state."""
    weight = np.array([[9, -4], [3, 12]])
    neuron = Neuron("n", (Edge("d"),), SOFT, SYSTEM, {"threshold": np.asarray(thresholds)})
    return Program((Input("in", (2,)), Dense("d", Edge("in"), weight), neuron), "n")


def exact(circuit: Circuit, node: Neuron, leaves: Leaves) -> tuple[dict[str, Wire], Wire]:
    """Return the step as the program has it."""
    (drive,) = leaves.sources.values()
    parameters = dict(leaves.parameters)
    return step(circuit, node.integer_equations, leaves.states, {"x": drive}, parameters)


def proofs(
    network: Program, change: Mapping[str, int] | None = None, limit: int = 1 << 20
) -> Proofs:
    """Return the proofs of files whose next state is moved, or whose sums have a limit."""
    (node,) = network.layers
    moved = dict(change or {})

    def compute(circuit: Circuit, leaves: Leaves) -> ComputedStep:
        following, fired = exact(circuit, node, leaves)
        v = leaves.states["v"]
        if moved:
            there = circuit.equal(v, circuit.constant(moved["at"]))
            wrong = circuit.add(following["v"], circuit.constant(moved["by"]))
            following = {"v": circuit.choose(there, wrong, following["v"])}
        (drive,) = leaves.sources.values()
        total = circuit.add(v, drive)
        return ComputedStep(
            following, fired, (("the sum fits", circuit.within(total, -limit, limit)),)
        )

    layer = LayerStep("a test", node.parameters, compute)
    steps = ArtifactSteps(network, {"n": layer}, {"d": SumBound(15, 127, "int8")})
    return proofs_of("test", steps, Effort())


def test_an_equal_step_is_proved_by_trying_everything() -> None:
    result = proofs(program())
    assert result.proved
    assert result["n"].status == Status.PROVED
    assert result["n"].methods == ("exhaustion",)
    assert {c.goal for c in result["n"].certificates} == {"n.kept", "n.fits", "n.equal"}


def test_one_wrong_state_of_all_is_named() -> None:
    result = proofs(program(), {"at": 17, "by": 1})
    example = result["n"].counterexample
    assert not result.proved
    assert result.refuted
    assert example is not None
    assert example.states == {"v": 17}
    expected, actual = example.results["v"]
    assert actual == expected + 1
    assert "neuron () with v = 17" in result["n"].reason


def test_a_wrong_state_that_is_never_reached_does_no_harm() -> None:
    strong = program(1000)
    saturating = replace(SYSTEM, states=(("v", Format(7, 0)),))
    nodes = (*strong.nodes[:2], replace(strong.layers[0], system=saturating))
    silent = Program(nodes, "n")
    positive = Dense("d", Edge("in"), np.array([[0, 0], [0, 1]]))
    only_up = Program((silent.nodes[0], positive, silent.nodes[2]), "n")
    result = proofs(only_up, {"at": -5, "by": 1})
    assert result.proved
    assert result["n"].domain == "every state that it can reach (v in 0..63)"


def test_a_sum_beyond_its_register_is_a_counterexample() -> None:
    result = proofs(program(), limit=60)
    example = result["n"].counterexample
    assert example is not None
    assert example.overflow == "the sum fits"
    (drive,) = example.drives.values()
    assert abs(example.states["v"] + drive) > 60


def test_a_bound_that_does_not_fit_is_not_proved() -> None:
    result = proofs(program())
    wide = replace(result, sums={"d": SumBound(128, 127, "int8")})
    assert not wide.proved
    assert not wide.refuted


def test_a_target_that_shows_no_steps_proves_nothing() -> None:
    result = unproved("mine", program())
    assert not result.proved
    assert not result.refuted
    assert "does not show the steps" in result["n"].reason


def test_rows_are_those_of_the_neurons() -> None:
    one, two = np.array([[3], [3], [5]]), np.array([1, 2])
    rows = ParameterRows.of("n", {"a": one, "b": np.array(7)}, {"b": two})
    assert rows.names == ("a", "b", "file.b")
    assert sorted(map(tuple, rows.rows.tolist())) == [(3, 7, 1), (3, 7, 2), (5, 7, 1), (5, 7, 2)]
    circuit = Circuit()
    wires, (chosen,) = rows.wires(circuit)
    assert wires["b"].constant == 7
    for a in range(2, 7):
        for b in range(3):
            (fits,) = run([chosen], {"a": a, "file.b": b})
            assert fits == (a in (3, 5) and b in (1, 2))
    assert rows.neuron_of({"a": 5, "file.b": 2}) == (2, 1)
    assert rows.neuron_of({"a": 4, "file.b": 2}) is None
    assert rows.values_of((2, 1)) == {"a": 5, "b": 7, "file.b": 2}


def test_parameters_that_do_not_fit_one_another_are_an_error() -> None:
    with pytest.raises(ArtifactError, match="n: its parameters do not fit"):
        ParameterRows.of("n", {"a": np.zeros(3)}, {"a": np.zeros(2)})


def test_split_products_are_opened_soundly() -> None:
    circuit = Circuit()
    d, x = circuit.variable("d", 5), circuit.variable("x", 7)
    high = circuit.shift_to_zero(x, 3)
    low = circuit.subtract(x, circuit.shift_left(high, 3))
    parts = circuit.add(
        circuit.multiply(d, high), circuit.shift_to_zero(circuit.multiply(d, low), 3)
    )
    claimed = circuit.equal(circuit.shift_to_zero(circuit.multiply(d, x), 3), parts)
    opening = opened(circuit, claimed)
    assert opening is not None
    assert "distributive law" in opening.comments[0]
    for number in range(-16, 16):
        for value in range(-64, 64):
            whole = abs(value) // 8 * (1 if value >= 0 else -1)
            numbers = {"d": number, "x": value}
            products = {"product.0": number * whole, "product.1": number * (value - 8 * whole)}
            *facts, same = run([*opening.facts, opening.claimed], numbers | products)
            assert all(facts)
            assert same
