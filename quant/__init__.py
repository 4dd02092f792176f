"""Quantization-aware layers: what they compute while training is what the chip computes."""

from quant.block import Block as Block
from quant.formats import ChipFormat as ChipFormat
from quant.formats import Grid as Grid
from quant.formats import chip_format as chip_format
from quant.neuron import CubaLIF as CubaLIF
from quant.synapse import Conv2d as Conv2d
from quant.synapse import Linear as Linear
from quant.synapse import SumPool2d as SumPool2d

__all__ = [
    "Block",
    "ChipFormat",
    "Conv2d",
    "CubaLIF",
    "Grid",
    "Linear",
    "SumPool2d",
    "chip_format",
]
