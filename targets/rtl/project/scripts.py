"""Scripts around a network: simulation by make, and synthesis for iCE40, ECP5 and Vivado."""

from __future__ import annotations

# The clock that place and route must reach, in MHz: a start, which every part has room for.
_CLOCK = 25

MAKEFILE = f"""\
# make: the self-test in Icarus. make verilator: the same in Verilator.
# make ice40, up5k or ecp5: synthesis with yosys, place and route with nextpnr, which reports cells,
# block RAM and the clock, and then the bitstream. With YoWASP's wheels: make ice40 TOOLS=yowasp-
# For Vivado: vivado -mode batch -source vivado.tcl
TOOLS ?=
ICE40 ?= --hx8k --package ct256
ICE40_SYNTH ?=
ECP5 ?= --25k --package CABGA381
FREQ ?= {_CLOCK}
YOSYS ?= $(TOOLS)yosys
NEXTPNR_ICE40 ?= $(TOOLS)nextpnr-ice40
NEXTPNR_ECP5 ?= $(TOOLS)nextpnr-ecp5
ICEPACK ?= $(TOOLS)icepack
ECPPACK ?= $(TOOLS)ecppack

test: testbench.vvp
\tvvp -n testbench.vvp > testbench.log
\tcat testbench.log
\tgrep -q "steps equal" testbench.log

testbench.vvp: nd_top.v testbench.v
\tiverilog -g2001 -s nd_testbench -o $@ nd_top.v testbench.v

verilator: nd_top.v testbench.v
\tverilator --binary --timing -Wno-lint -Wno-style --top-module nd_testbench nd_top.v testbench.v
\tobj_dir/Vnd_testbench > testbench.log
\tcat testbench.log
\tgrep -q "steps equal" testbench.log

# yosys reads -defer, since a ROM has no content before it is named.
ice40: nd_top.v
\t$(YOSYS) -l ice40.log -p "read_verilog -defer nd_top.v; \\
\t\tsynth_ice40 $(ICE40_SYNTH) -top nd_top -json ice40.json"
\t$(NEXTPNR_ICE40) $(ICE40) --json ice40.json --pcf nd_top.pcf --pcf-allow-unconstrained \\
\t\t--freq $(FREQ) --asc ice40.asc --log ice40-route.log
\t$(ICEPACK) ice40.asc ice40.bin

# The one iCE40 with multipliers.
up5k:
\t$(MAKE) ice40 ICE40="--up5k --package sg48" ICE40_SYNTH=-dsp

ecp5: nd_top.v
\t$(YOSYS) -l ecp5.log -p "read_verilog -defer nd_top.v; \\
\t\tsynth_ecp5 -top nd_top -json ecp5.json"
\t$(NEXTPNR_ECP5) $(ECP5) --json ecp5.json --lpf nd_top.lpf --lpf-allow-unconstrained \\
\t\t--freq $(FREQ) --textcfg ecp5.config --log ecp5-route.log
\t$(ECPPACK) ecp5.config ecp5.bit

clean:
\trm -rf testbench.vvp testbench.log obj_dir ice40.* ice40-route.log ecp5.* ecp5-route.log

.PHONY: test verilator ice40 up5k ecp5 clean
"""
VIVADO = """\
# vivado -mode batch -source vivado.tcl -tclargs PART
cd [file dirname [file normalize [info script]]]
set part [expr {$argc > 0 ? [lindex $argv 0] : "xc7a35tcpg236-1"}]
read_verilog nd_top.v
read_xdc nd_top.xdc
# The ROMs' files stand beside nd_top.v.
synth_design -top nd_top -part $part -mode out_of_context
opt_design
place_design
route_design
report_utilization -file utilization.txt
report_timing_summary -file timing.txt
"""
# Each in the words of its tools: the clock, and where the board's pins are named.
CONSTRAINTS = {
    "nd_top.xdc": f"""\
# The clock; pins are the board's: set_property PACKAGE_PIN W5 [get_ports clk]
create_clock -name clk -period {1000 / _CLOCK:.3f} [get_ports clk]
""",
    "nd_top.pcf": f"""\
# The clock in MHz; pins are the board's: set_io clk J3
set_frequency clk {_CLOCK}
""",
    "nd_top.lpf": f"""\
# The clock; pins are the board's: LOCATE COMP "clk" SITE "P3";
FREQUENCY PORT "clk" {_CLOCK} MHZ;
""",
}


def scripts() -> dict[str, str]:
    """Return the scripts and the constraints by name."""
    return {"Makefile": MAKEFILE, "vivado.tcl": VIVADO, **CONSTRAINTS}
