"""Synthesis: what nextpnr's lines say, the scripts and the interface in a folder, and refusals."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from neurodeploy.chips.resources import Synthesis
from neurodeploy.errors import SimulatorError, SimulatorMissingError, UnknownNameError
from neurodeploy.target import Synthesizes
from targets.rtl import target
from targets.rtl.synthesis.parts import PARTS
from targets.rtl.synthesis.synthesize import _cached, _key, report
from targets.rtl.text.interface import TABLE
from tests.unit.programs import small

# Lines of nextpnr-ice40 0.11.1, for the demo's network.
CLOCK = "Info: Max frequency for clock 'clk$SB_IO_IN_$glb_clk':"
LOG = [
    "Info: Device utilisation:",
    "Info: \t         ICESTORM_LC:    1619/   7680    21%",
    "Info: \t        ICESTORM_RAM:      30/     32    93%",
    "Info: \t               SB_IO:      22/    206    10%",
    f"{CLOCK} 45.10 MHz (FAIL at 50.00 MHz)",
    f"{CLOCK} 50.20 MHz (PASS at 50.00 MHz)",
    "Info: Program finished normally.",
]


def test_a_report_has_cells_and_the_last_clock() -> None:
    synthesis = report("ice40-hx8k", LOG, ("Yosys 0.70",), "")
    assert [(use.what, use.used, use.limit) for use in synthesis.uses] == [
        ("logic cells", 1619, 7680),
        ("block RAMs of 4 Kbit", 30, 32),
    ]
    assert (synthesis.clock_mhz, synthesis.problem) == (50.2, "")


def test_a_network_that_does_not_fit_is_an_answer() -> None:
    full = [line.replace("      30/", "      38/") for line in LOG[:4]]
    synthesis = report("ice40-hx8k", full, (), "ERROR: Unable to place cell 'a', no BELs remaining")
    assert synthesis.clock_mhz is None
    assert synthesis.problem == "38 block RAMs of 4 Kbit, and it has 32"


def test_another_failure_is_an_error() -> None:
    with pytest.raises(SimulatorError, match="nextpnr-ice40 failed: ERROR: Invalid option"):
        report("ice40-hx8k", LOG[:4], (), "ERROR: Invalid option")


def test_latency_is_cycles_at_the_clock() -> None:
    synthesis = Synthesis("p", "P", (), 50.0, (1000, 3000), ())
    assert (synthesis.cycles_a_step, synthesis.microseconds(4)) == (2000, 160)
    assert Synthesis("p", "P", (), None, (1000,), ()).microseconds(4) is None


def test_what_was_made_is_read_back_and_damage_is_made_again(tmp_path: Path) -> None:
    synthesis = report("ice40-hx8k", LOG, ("Yosys 0.70",), "")
    (tmp_path / "a.json").write_text(json.dumps(asdict(synthesis)))
    assert _cached(tmp_path / "a.json") == synthesis
    (tmp_path / "a.json").write_text("{")
    assert _cached(tmp_path / "a.json") is None
    part = PARTS["ecp5-25k"]
    assert _key({"nd_top.v": "a"}, part) != _key({"nd_top.v": "b"}, part)
    assert _key({"nd_top.v": "a"}, part) != _key({"nd_top.v": "a"}, PARTS["ecp5-85k"])


def test_an_unknown_part_and_a_missing_tool_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = target.compile(small())
    assert isinstance(target, Synthesizes)
    with pytest.raises(UnknownNameError, match="no part 'ecp4'; there are: ice40-hx8k"):
        target.synthesis(artifact, "ecp4")
    monkeypatch.setenv("NEURODEPLOY_CACHE", str(tmp_path))
    with pytest.raises(SimulatorMissingError) as error:
        target.synthesis(artifact, "ecp5-25k")
    assert error.value.remedy == "neurodeploy simulators install yosys"


def test_the_interface_in_a_folder_and_in_the_docs_is_that_of_the_module() -> None:
    files = target.compile(small()).files
    page, top = (bytes(files[name]).decode() for name in ("interface.md", "nd_top.v"))
    module = top.partition("module nd_top(")[2].partition(");")[0].split(",")
    assert [line.split()[-1] for line in module] == [name for name, *_ in TABLE]
    docs = (Path(__file__).parents[4] / "docs/rtl.md").read_text("utf-8")
    for name, direction, _, meaning in TABLE:
        assert f"| `{name}` | {direction} | " in page
        assert page.count(f"| {meaning} |") == 1
        assert f"| `{name}` | {direction} | {meaning} |" in docs


def test_scripts_name_files_that_are_there() -> None:
    files = target.compile(small()).files
    makefile = bytes(files["Makefile"]).decode()
    for name in ("nd_top.pcf", "nd_top.lpf"):
        assert f" {name} " in makefile
        assert name in files
    assert "read_xdc nd_top.xdc" in bytes(files["vivado.tcl"]).decode()
    # yosys refuses a ROM whose file is not named yet.
    assert makefile.count("read_verilog -defer nd_top.v") == 2
