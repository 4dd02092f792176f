"""RTL: programs to a folder of synthesizable Verilog-2001 for any FPGA, and back."""

from targets.rtl.target import Rtl as Rtl
from targets.rtl.target import target as target

__all__ = ["Rtl", "target"]
