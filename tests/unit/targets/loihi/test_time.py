"""Recurrent layers and delays: written, read back, placed, or refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import h5py
import numpy as np
import pytest

from neurodeploy.program import Dense, Edge, Input, Program
from neurodeploy.target import Finding, Severity
from targets.loihi.chip.chips import LOIHI_1
from targets.loihi.chip.placement import placement
from targets.loihi.compile import FILE
from targets.loihi.target import target
from tests.unit.targets.loihi.programs import dense, neuron

WEIGHT = np.array([[20, -8, 6], [4, 10, -2]])
OWN = np.array([[6, -30], [8, 12]])


def recurrent(own: Any = OWN, weight: Any = WEIGHT, late: int = 1, **fields: Any) -> Program:
    """Return two neurons that read their own spikes."""
    nodes = (
        Input("input", (3,)),
        Dense("fc.synapse", Edge("input"), np.asarray(weight), -6, **fields),
        Dense("fc.recurrent", Edge("fc", late), np.asarray(own), -6),
        replace(neuron("fc", "fc.synapse"), inputs=(Edge("fc.synapse"), Edge("fc.recurrent"))),
    )
    return Program(nodes, "fc")


def delayed(delays: Any) -> Program:
    """Return a dense layer with delays."""
    program = dense(WEIGHT)
    synapse = replace(program.synapses[0], delays=np.asarray(delays))
    return replace(program, nodes=(program.nodes[0], synapse, program.nodes[2]))


def errors(program: Program) -> list[Finding]:
    return [finding for finding in target.check(program) if finding.severity == Severity.ERROR]


@pytest.mark.parametrize(
    "program", [recurrent(), recurrent(0 * OWN), delayed([[0, 3, 62], [5, 5, 1]])]
)
def test_what_was_compiled_is_read_back(program: Program) -> None:
    artifact = target.compile(program)
    assert target.read(artifact) == program


def test_the_file_has_the_loaders_names(tmp_path: Any) -> None:
    path = tmp_path / "rec.net"
    path.write_bytes(target.compile(recurrent()).files[FILE])
    with h5py.File(path) as file:
        layer = file["layer/1"]
        assert layer["type"][()] == b"dense_rec"
        assert layer["weight_rec"][()].tolist() == OWN.tolist()
    path.write_bytes(target.compile(delayed(WEIGHT % 7)).files[FILE])
    with h5py.File(path) as file:
        assert file["layer/1/delay"][()].tolist() == (WEIGHT % 7).tolist()


@pytest.mark.parametrize(
    ("program", "node", "words"),
    [
        (delayed([[0, 3, 63], [0, 0, 0]]), "fc.synapse.delays[0, 2]", "63 steps are more than"),
        (recurrent(delays=WEIGHT % 5), "fc.synapse.delays", "the loader loses the scale"),
        (recurrent(late=2), "fc.recurrent", "2 steps late, and the chip's is 1"),
        (recurrent(own=[[1, -256], [300, 2]]), "fc.recurrent.weight[1, 0]", "300 does not fit"),
        (recurrent(own=-abs(OWN) - 2, weight=-abs(WEIGHT)), "fc.recurrent.weight[0, 1]", "-32"),
    ],
)
def test_what_the_loader_would_change_is_refused(program: Program, node: str, words: str) -> None:
    (finding,) = errors(program)
    assert finding.node == node
    assert words in finding.message
    assert finding.remedy


def test_a_late_edge_is_no_delay_of_synapses() -> None:
    program = dense(WEIGHT)
    late = replace(program.nodes[1], source=Edge("input", 3))
    (finding,) = errors(replace(program, nodes=(program.nodes[0], late, program.nodes[2])))
    assert "reads input 3 steps late; delays are the synapses'" in finding.message


def test_own_spikes_take_axons_to_every_core_of_the_layer() -> None:
    program = recurrent(own=2 * np.ones((40, 40)), weight=2 * np.ones((40, 3)))
    small = replace(LOIHI_1, name="small", neurons=16)
    cores = placement(program, small).cores
    assert len(cores) == 3
    assert sum(core.uses[3].used for core in cores) == 40 * 3
    assert [core.uses[2].used for core in cores] == [43, 43, 43]


def test_delays_take_bits_of_every_synapse() -> None:
    (layer,) = placement(delayed([[0, 3, 62], [5, 5, 1]]), LOIHI_1).layers
    assert (layer.delay, layer.encoding) == (62, "synapses of 5 bits and 6 of delay")
