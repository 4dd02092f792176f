"""The scripts in the folder: make to a bitstream, and Vivado's commands in a Tcl interpreter.

Vivado itself cannot be had from any package index, so its script has not run there. Tcl reads both
of its files here, with the commands and options of Vivado's reference (UG835) as the only ones.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from neurodeploy.sandbox import Environment
from targets.rtl import target
from tests.unit.programs import small

# By command of Vivado: its options that take a value here, and whether names or files follow.
VIVADO: dict[str, tuple[set[str], bool]] = {
    "read_verilog": ({"-library"}, True),
    "read_xdc": ({"-cells", "-ref", "-mode"}, True),
    "synth_design": ({"-name", "-part", "-constrset", "-top", "-mode", "-directive"}, False),
    "opt_design": ({"-directive"}, False),
    "place_design": ({"-directive"}, False),
    "route_design": ({"-directive"}, False),
    "report_utilization": ({"-file", "-name", "-format"}, False),
    "report_timing_summary": ({"-file", "-name", "-max_paths"}, False),
    "create_clock": ({"-name", "-period", "-waveform"}, True),
    "get_ports": (set(), True),
}
# The order of a flow without a project.
FLOW = ["read_verilog", "read_xdc", "synth_design", "opt_design", "place_design", "route_design"]


class Vivado:
    """A Tcl interpreter in which Vivado's commands note how they are called."""

    def __init__(self, arguments: str = "") -> None:
        if find_spec("_tkinter") is None:
            pytest.skip("not run: this Python has no Tcl")
        tk: Any = import_module("tkinter")
        self.error: type[Exception] = tk.TclError
        self.tcl, self.calls = tk.Tcl(), list[tuple[str, dict[str, str], list[str]]]()
        for name in VIVADO:
            self.tcl.createcommand(name, lambda *words, name=name: self._called(name, words))
        self.tcl.eval(f"set argv {{{arguments}}}; set argc [llength $argv]")

    def source(self, path: Path) -> None:
        """Run a file."""
        self.tcl.call("source", str(path))

    def _called(self, name: str, words: tuple[str, ...]) -> str:
        options, files = VIVADO[name]
        values, others, pending = dict[str, str](), list[str](), list(words)
        while pending:
            word = pending.pop(0)
            if word.startswith("-"):
                assert word in options, f"{name} has no option {word}"
                values[word] = pending.pop(0)
            else:
                others.append(word)
        assert files or not others, f"{name} takes no names"
        self.calls.append((name, values, others))
        return " ".join(others)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a small network; a script's `cd` ends with its test."""
    monkeypatch.chdir(tmp_path)
    target.compile(small()).write(tmp_path / "a")
    return tmp_path / "a"


def test_tcl_runs_vivado_s_script(folder: Path) -> None:
    vivado = Vivado("xc7z020clg400-1")
    vivado.source(folder / "vivado.tcl")
    assert vivado.tcl.eval("pwd") == str(folder)
    calls = {name: (values, others) for name, values, others in vivado.calls}
    assert [name for name, *_ in vivado.calls][: len(FLOW)] == FLOW
    assert {"report_utilization", "report_timing_summary"} < set(calls)
    for name in ("read_verilog", "read_xdc"):
        assert all((folder / file).is_file() for file in calls[name][1]), name
    top, part = calls["synth_design"][0]["-top"], calls["synth_design"][0]["-part"]
    assert part == "xc7z020clg400-1"
    text = (folder / "nd_top.v").read_text("ascii")
    assert re.search(rf"^module {top}\(", text, re.M)
    # The ROMs stand beside the text that names them.
    roms = re.findall(r'"(\w+\.hex)"', text)
    assert roms
    assert all((folder / name).is_file() for name in roms)


def test_tcl_reads_the_constraints_of_vivado(folder: Path) -> None:
    vivado = Vivado()
    vivado.source(folder / "nd_top.xdc")
    (_, _, ports), (name, values, others) = vivado.calls
    assert name == "create_clock"
    assert ports == others == ["clk"]
    assert "input clk" in (folder / "nd_top.v").read_text("ascii")
    (mhz,) = re.findall(r"set_frequency clk (\d+)", (folder / "nd_top.pcf").read_text("ascii"))
    assert float(values["-period"]) == 1000 / int(mhz)


def test_a_command_that_vivado_does_not_have_is_an_error(folder: Path) -> None:
    script = folder / "vivado.tcl"
    text = script.read_text("ascii")
    for wrong in ("route_designs", "route_design -fast"):
        script.write_text(text.replace("route_design", wrong), "ascii")
        vivado = Vivado()
        with pytest.raises((vivado.error, AssertionError)):
            vivado.source(script)


# The bitstream, the word that every one of its kind holds, and the log with the clock.
BITSTREAMS = {
    "ice40": ("ice40.bin", b"\x7e\xaa\x99\x7e", "ice40-route.log"),
    "up5k": ("ice40.bin", b"\x7e\xaa\x99\x7e", "ice40-route.log"),
    "ecp5": ("ecp5.bit", b"\xff\xff\xff\xbd\xb3", "ecp5-route.log"),
}


def with_tools(yosys: Environment) -> tuple[dict[str, str], list[str]]:
    """Return the environment, and the words of make with which the sandbox's programs run."""
    if all(map(shutil.which, ("yosys", "nextpnr-ice40", "nextpnr-ecp5", "icepack", "ecppack"))):
        return dict(os.environ), []
    programs = yosys.path / "bin"
    environment = {**os.environ, "YOWASP_CACHE_DIR": str(yosys.path / "compiled")}
    return environment, [f"TOOLS={programs / 'python'} {programs / 'yowasp-'}"]


@pytest.mark.thorough
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not shutil.which("make"), reason="not run: make is not installed")
@pytest.mark.parametrize("part", BITSTREAMS)
def test_make_ends_in_a_bitstream(part: str, tmp_path: Path, yosys: Environment) -> None:
    target.compile(small()).write(tmp_path / "a")
    environment, words = with_tools(yosys)
    command = ["make", "-s", part, *words]
    folder = tmp_path / "a"
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    name, word, log = BITSTREAMS[part]
    assert word in (folder / name).read_bytes()
    assert "Max frequency for clock" in (folder / log).read_text("utf-8")


@pytest.mark.thorough
@pytest.mark.timeout(1800)
def test_yosys_takes_the_text_for_the_parts_of_vivado(folder: Path, yosys: Environment) -> None:
    """Lookup tables, registers and memories of Xilinx's Series 7, by the synthesis of yosys."""
    environment, words = with_tools(yosys)
    program = f"{words[0].removeprefix('TOOLS=')}yosys".split() if words else ["yosys"]
    script = "read_verilog -defer nd_top.v; synth_xilinx -family xc7 -top nd_top; stat"
    command = [*program, "-q", "-l", "xilinx.log", "-p", script]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    log = (folder / "xilinx.log").read_text("utf-8")
    assert re.search(r"\bLUT[2-6]\b", log)
    assert "FDRE" in log
