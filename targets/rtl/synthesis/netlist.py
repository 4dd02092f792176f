"""Netlists: what yosys makes of nd_top for iCE40, run by Icarus with the cells' models of yosys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurodeploy.errors import SimulatorError
from neurodeploy.sandbox import Call, Limits, run_many
from neurodeploy.target import Simulation
from neurodeploy.trace import Trace
from targets.rtl.compile import TOP, judged_files
from targets.rtl.simulators.harness import SAMPLES, bench, samples_text, trace_of
from targets.rtl.simulators.simulate import ICARUS, Run
from targets.rtl.synthesis.synthesize import LIMITS, YOSYS
from targets.rtl.text.network import Network

# How it is synthesized: with the cells of iCE40, or with gates alone.
FORMS = {"ice40": "synth_ice40 -top nd_top", "gates": "synth -flatten -top nd_top"}

# Without values for open ports, which Verilog-2001 does not have.
_PLAIN = "`define NO_ICE40_DEFAULT_ASSIGNMENTS\n"


def netlist_files(run: Run, form: str, simulation: Simulation) -> dict[str, str]:
    """Return the netlist of a network, and the models of its cells.

    Raises:
        SimulatorError: if yosys is missing, or fails.
    """
    files = judged_files(run.texts)
    script = f"hierarchy -top nd_top; {kept(run.network)}; {FORMS[form]}"
    job = {"files": files, "sources": [TOP], "script": f"{script}; write_verilog -noattr netlist.v"}
    (result,) = run_many(YOSYS, [Call(job, {}, LIMITS)], progress=simulation.progress)
    netlist, cells = result.result.get("netlist"), result.result.get("cells")
    if not isinstance(netlist, str) or not isinstance(cells, str):
        raise SimulatorError(f"{YOSYS.title}: it gave no netlist", remedy="see its output")
    models = {"cells.v": _PLAIN + cells} if form == "ice40" else {}
    return {"netlist.v": netlist, **models}


def kept(network: Network) -> str:
    """Return the command that keeps the wires which a bench reads."""
    names = [f"{each.writer}_{end}" for each in network.shown for end in ("we", "at", "new")]
    names += [each.base for each in network.shown if each.base]
    return "setattr -set keep 1 " + " ".join(f"nd_top/w:{name}" for name in names)


def netlist_trace(run: Run, form: str, simulation: Simulation | None = None) -> Trace:
    """Return the trace of a run of the netlist.

    Raises:
        SimulatorError: if yosys or Icarus is missing, or fails.
    """
    simulation = simulation or Simulation()
    return simulated(run, netlist_files(run, form, simulation), simulation)


def simulated(run: Run, files: dict[str, str], simulation: Simulation) -> Trace:
    """Return the trace of a run of a netlist's files.

    Raises:
        SimulatorError: if Icarus is missing, or fails.
    """
    samples = np.asarray(run.samples, np.int64)
    around = {"nd_bench.v": bench(run.network, copied=True)}
    around[SAMPLES] = samples_text(run.network, samples)
    limits = simulation.limits or Limits(3600, 4096)
    call = Call({"networks": [{**files, **around}]}, {}, limits)
    (result,) = run_many(ICARUS, [call], progress=simulation.progress)
    values = result.result.get("values")
    if not isinstance(values, Sequence) or len(values) != 1:
        raise SimulatorError(f"{ICARUS.title}: it gave no values", remedy="see its output")
    return trace_of(run.network, str(values[0]), *samples.shape[:2])
