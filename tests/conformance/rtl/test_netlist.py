"""Netlists after synthesis compute golden's spikes and states: iCE40's cells, and gates alone."""

from __future__ import annotations

import pytest

from neurodeploy.errors import SimulatorError
from neurodeploy.sandbox import Environment, Limits
from neurodeploy.simulator import run_golden
from neurodeploy.target import Simulation, chip_part
from neurodeploy.verification.compare import compare
from targets.rtl.check import network_of
from targets.rtl.compile import texts_of
from targets.rtl.simulators.simulate import Run
from targets.rtl.synthesis.netlist import netlist_files, netlist_trace, simulated
from tests.conformance.chip_networks import chip_case
from tests.conformance.moving_networks import moving_case
from tests.conformance.networks import Case, timed_case
from tests.conformance.zoo_networks import zoo_case

STEPS = 8
# Yosys takes a minute for some: all but the first are left to --full.
pytestmark = pytest.mark.timeout(3600)
CASES = {
    "cells: a neuron of the zoo": (zoo_case, 7, "ice40"),
    "cells: delays": (timed_case, 3, "ice40"),
    "cells: a chip's neurons": (chip_case, 7, "ice40"),
    "cells: block RAM": (chip_case, 1, "ice40"),
    "cells: moved values": (moving_case, 7, "ice40"),
    "gates: a neuron of the zoo": (zoo_case, 3, "gates"),
}


def run_of(case: Case) -> Run:
    """Return the run of a network's first sample."""
    network = network_of(chip_part(case.program))
    return Run(network, texts_of(network), case.samples[:STEPS, :1])


@pytest.mark.every(6)
@pytest.mark.parametrize("name", CASES)
def test_a_netlist_computes_golden_s_values(
    name: str, yosys: Environment, icarus: Environment
) -> None:
    draw, seed, form = CASES[name]
    run = run_of(draw(seed))
    golden = run_golden(run.network.program, run.samples)
    link = compare("golden = netlist", golden, netlist_trace(run, form), 0.0)
    assert link.same, link.divergence and link.divergence.sentence()
    assert golden.spikes() > 5


@pytest.mark.thorough
def test_an_edited_netlist_differs(yosys: Environment, icarus: Environment) -> None:
    """A lookup table whose every bit is turned around."""
    run = run_of(chip_case(7))
    files = netlist_files(run, "ice40", Simulation())
    golden = run_golden(run.network.program, run.samples)
    assert compare("plain", golden, simulated(run, files, Simulation()), 0.0).same
    tables = files["netlist.v"].split(".LUT_INIT(16'h")
    assert len(tables) > 20
    # A state machine that is turned around may never end its step.
    hurried, seen = Simulation(limits=Limits(20.0)), 0
    for at in range(1, len(tables), len(tables) // 3):
        turned = f"{int(tables[at][:4], 16) ^ 0xFFFF:04x}"
        changed = [*tables[:at], turned + tables[at][4:], *tables[at + 1 :]]
        edited = files | {"netlist.v": ".LUT_INIT(16'h".join(changed)}
        try:
            seen += not compare("edited", golden, simulated(run, edited, hurried), 0.0).same
        except SimulatorError as error:
            seen += "time limit" in str(error) or "gave no numbers" in str(error)
    assert seen > 1
