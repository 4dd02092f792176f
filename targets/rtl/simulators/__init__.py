"""The judges of Verilog: Icarus, which runs the very text that goes to an FPGA."""
