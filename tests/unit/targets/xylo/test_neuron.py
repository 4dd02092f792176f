"""The chip's neuron, in integers and in circuits, is the one that its documentation describes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

import quant
from neurodeploy.data.structure import Edge
from neurodeploy.simulator.golden import neuron_step
from neurodeploy.target.steps import Leaves
from snncore import layer, neuron
from snncore.dynamics.bits.circuit import Circuit
from snncore.dynamics.bits.running import run
from targets.xylo import XyloHidden, XyloOutput, target
from targets.xylo.format import LARGEST, LOWEST, XYLO, decay_of, shift_of
from targets.xylo.neuron import HIDDEN, OUTPUT
from targets.xylo.proving import steps_in
from tests.unit.targets.xylo.programs import network, neurons

VALUES = (LOWEST, -9000, -1, 0, 1, 3, 12000, LARGEST)


def saturated(value: int) -> int:
    return max(LOWEST, min(LARGEST, value))


def leaked(value: int, dash: int) -> int:
    lost = value >> dash
    if lost == 0 and value != 0:
        lost = 1 if value > 0 else -1
    return lost


def documented(state: tuple[int, int], events: int, numbers: dict[str, int], most: int) -> Any:
    """Return u, v and the spikes, as the simulator's documentation has them."""
    u, v = state
    u = saturated(u + events)
    u -= leaked(u, numbers["dash_syn"])
    v = saturated(v + saturated(u - leaked(v, numbers["dash_mem"])))
    count = 0
    while v >= numbers["threshold"] and count < most:
        v, count = v - numbers["threshold"], count + 1
    return u, v, count


@pytest.mark.parametrize(("last", "most"), [(False, 31), (True, 1)])
@pytest.mark.parametrize("dashes", [(1, 1), (2, 4), (9, 15)])
@pytest.mark.parametrize("threshold", [1, 700, LARGEST])
def test_both_forms_are_the_documented_one(
    last: bool, most: int, dashes: tuple[int, int], threshold: int
) -> None:
    decays = dict(zip(("current_decay", "voltage_decay"), map(decay_of, dashes), strict=True))
    values = decays | {"threshold": threshold}
    numbers = {"dash_syn": dashes[0], "dash_mem": dashes[1], "threshold": threshold}
    states = [*itertools.product(VALUES, VALUES, (-40000, -5, 0, 7, 31000))]
    u, v, x = (np.array(each) for each in zip(*states, strict=True))
    zeros = np.zeros_like(u)
    node = neurons("n", "w", last=last, **values)
    before = {"charge": zeros, "u": u, "change": zeros, "v": v}
    following, sent = neuron_step(node, before, {"x": x})
    expected = [documented((a, b), c, numbers, most) for a, b, c in states]
    shown = zip(following["u"].tolist(), following["v"].tolist(), sent.tolist(), strict=True)
    assert [*shown] == expected
    program = network(((2, -1), (1, 2)), ((1, -1),), hidden=values, last=values)
    step = steps_in(target.compile(program)).layers["o" if last else "h"]
    assert [formula(step, state) for state in states[::7]] == expected[::7]


def formula(step: Any, state: tuple[int, int, int]) -> tuple[int, ...]:
    """Return u, v and the spikes by the formula of proofs."""
    circuit = Circuit()
    u, v, x = map(circuit.constant, state)
    (edge,) = (Edge("h.w"),) if step.parameters["threshold"].size == 2 else (Edge("o.w"),)
    parameters = {k: circuit.constant(int(each.flat[0])) for k, each in step.parameters.items()}
    zero = circuit.constant(0)
    leaves = Leaves({"charge": zero, "u": u, "change": zero, "v": v}, {edge: x}, parameters)
    computed = step.compute(circuit, leaves)
    assert all(run([wire for _, wire in computed.conditions], {}))
    results = (computed.next_states["u"], computed.next_states["v"], computed.output)
    return tuple(run([*results], {}))


def test_shifts_and_decays_are_one_another() -> None:
    assert [shift_of(decay_of(shift)) for shift in range(1, 16)] == [*range(1, 16)]
    assert [shift_of(decay) for decay in (0, -1, 3, 1 << 15, 1 << 16)] == [None] * 5


def test_a_network_of_them_is_prepared_as_it_is() -> None:
    states = {"charge": 0.0, "u": 0.0, "change": 0.0, "v": 0.0}
    numbers = {"current_decay": 0.5, "voltage_decay": 0.25, "threshold": 1.0}
    hidden, output = (
        neuron.define(states=states, params=numbers)(step) for step in (XyloHidden, XyloOutput)
    )
    weights = layer.Linear(4, 6, bias=False), layer.Linear(6, 2, bias=False)
    net = torch.nn.Sequential(weights[0], hidden(), weights[1], output())
    with torch.no_grad():
        for each in weights:
            each.weight.abs_().mul_(3)
    x = (torch.rand(8, 2, 4) < 0.5).float()
    prepared = quant.prepare(net, target="xylo", example=x)
    assert quant.deviations(prepared) == {}
    blocks = [each for each in prepared.modules() if isinstance(each, quant.Defined)]
    assert [each.equations for each in blocks] == [HIDDEN, OUTPUT]
    assert [each.system for each in blocks] == [XYLO, XYLO]
    assert prepared(x).sum() > 0


def test_another_neuron_is_refused_before_training() -> None:
    net = torch.nn.Sequential(layer.Linear(4, 6), neuron.LIF(), layer.Linear(6, 2), neuron.LIF())
    with pytest.raises(ValueError, match=r"1: is a LIF in xylo, .*XyloHidden.*with targets"):
        quant.prepare(net, target="xylo", example=torch.zeros(4, 2, 4))
