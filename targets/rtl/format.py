"""The default format in which networks for Verilog are trained."""

from quant import integer_format

FORMAT = integer_format(8)
