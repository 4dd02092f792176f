"""The format that networks for ONNX are trained in where nothing else is said."""

from quant import integer_format

FORMAT = integer_format(8)
