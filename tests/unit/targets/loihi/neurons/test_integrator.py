"""Readouts in the .net file: neurons with a threshold above every voltage."""

from dataclasses import replace

import numpy as np
import pytest

from neurodeploy.artifact import Artifact
from neurodeploy.program import Dense, Edge, Neuron, Program
from snncore.dynamics.zoo.readout import CUBA_INTEGRATOR
from snncore.dynamics.zoo.spiking import CUBA_LIF
from targets.loihi.chip.format import LOIHI, LOIHI_INTEGRATOR, NEVER
from targets.loihi.file.hdf5 import opened
from targets.loihi.target import target
from tests.conformance.reading_networks import reading_case


def _program(seed: int = 0) -> Program:
    return reading_case(seed, "loihi").program


def _messages(program: Program) -> str:
    return "; ".join(str(each) for each in target.check(program) if each.severity == "error")


def test_the_file_says_that_they_never_fire() -> None:
    artifact = target.compile(_program())
    with opened(artifact.files["network.net"], "network.net") as entries:
        assert int(entries[-1].group("neuron").number("vThMant")) == NEVER


def test_a_bare_file_is_read_as_a_readout() -> None:
    program = _program()
    bare = target.read(Artifact("loihi", dict(target.compile(program).files)))
    last = bare.by_name[bare.output]
    assert isinstance(last, Neuron)
    assert last.system == LOIHI_INTEGRATOR
    assert last.equations.same_computation(CUBA_INTEGRATOR)
    assert (bare.layers[0].system, bare.layers[0].equations) == (LOIHI, CUBA_LIF)


def test_nothing_reads_a_voltage() -> None:
    program = _program()
    last = program.layers[-1]
    size = program.shapes[last.name][0]
    weights = Dense("more.synapse", Edge(last.name), np.eye(size, dtype=np.int64) * 2, -6)
    more = replace(last, name="more", inputs=(Edge("more.synapse"),))
    longer = Program((*program.nodes, weights, more), "more")
    assert "shows its voltage, which no other layer can read" in _messages(longer)


@pytest.mark.parametrize("key", ["current_decay", "voltage_decay", "bias"])
def test_registers_are_the_same_as_other_neurons(key: str) -> None:
    program = _program()
    last = program.layers[-1]
    wrong = replace(last, parameters={**last.parameters, key: np.array(1 << 20)})
    nodes = tuple(wrong if node is last else node for node in program.nodes)
    assert f"{last.name}.{key}" in _messages(Program(nodes, program.output))
