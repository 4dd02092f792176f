"""Operations counted from a trace: every event once for each synapse behind it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurodeploy.chips.operations import operations
from neurodeploy.program import Dense, Edge, Flatten, Program
from neurodeploy.simulator import run_golden
from neurodeploy.target import random_samples
from tests.unit.programs import neurons, small
from tests.unit.targets.loihi.programs import network


def test_counts_synapses_updates_and_spikes() -> None:
    program = small()
    samples = random_samples(program, 9, 4, 0.5, 1)
    trace = run_golden(program, samples)
    (layer,) = operations(program, trace, samples)
    # The second weight of the first input is 100, of the second 7; the third input's is 0.
    reached = np.array([2, 3])
    assert layer.layer == "n"
    assert layer.synaptic == (samples.sum(axis=(0, 1)) * reached).sum() / 4
    assert layer.neuron_updates == 9 * 3
    assert layer.spikes == trace["n"].s.sum() / 4 > 0


def test_a_delayed_event_counts_when_it_arrives() -> None:
    program = small()
    late = Program((program.nodes[0], program.nodes[1], neurons("n", Edge("d", 3))), program.output)
    samples = np.zeros((4, 1, 2), dtype=np.int64)
    samples[[0, 2], 0, 0] = 1
    (layer,) = operations(late, run_golden(late, samples), samples)
    assert layer.synaptic == 2


def test_delays_of_synapses_count_when_they_arrive() -> None:
    program = small()
    synapse = replace(program.synapses[0], delays=np.array([[0, 0], [3, 0], [0, 1]]))
    late = replace(program, nodes=(program.nodes[0], synapse, program.nodes[2]))
    samples = np.zeros((4, 1, 2), dtype=np.int64)
    samples[[0, 2], 0, :] = 1
    (layer,) = operations(late, run_golden(late, samples), samples)
    # Of five synapses, the one three steps late brings the first event alone.
    assert layer.synaptic == 9


def test_follows_images_through_a_flatten() -> None:
    program = network()
    samples = random_samples(program, 12, 2, 0.8, 3) * 40
    trace = run_golden(program, samples)
    counts = {each.layer: each for each in operations(program, trace, samples)}
    weight = next(node for node in program.nodes if isinstance(node, Dense)).weight
    assert isinstance(program.by_name["flat"], Flatten)
    flat = trace["pool"].s.reshape(12, 2, -1)
    events = (flat.sum(axis=(0, 1)) * (weight != 0).sum(axis=0)).sum()
    assert counts["fc"].synaptic == events / 2 > 0
    # Currents reach the first neurons without synapses.
    assert counts["encode"].synaptic == 0
    assert replace(counts["encode"], synaptic=0.0).neuron_updates == 12 * 40
