"""Quantization-aware layers: what they compute while training is what the chip computes."""

from quant.block import Block as Block
from quant.calibrate import Calibration as Calibration
from quant.calibrate import LayerReport as LayerReport
from quant.calibrate import calibrate as calibrate
from quant.chip_neuron import ChipNeuron as ChipNeuron
from quant.chips import chip_format as chip_format
from quant.chips import integer_format as integer_format
from quant.formats import ChipFormat as ChipFormat
from quant.formats import Decays as Decays
from quant.formats import Grid as Grid
from quant.formats import unit_exponent as unit_exponent
from quant.freeze import freeze as freeze
from quant.neuron import IF as IF
from quant.neuron import LIF as LIF
from quant.neuron import CubaLIF as CubaLIF
from quant.prepare import deviations as deviations
from quant.prepare import prepare as prepare
from quant.synapse import Conv2d as Conv2d
from quant.synapse import Linear as Linear
from quant.synapse import SumPool2d as SumPool2d

__all__ = [
    "IF",
    "LIF",
    "Block",
    "Calibration",
    "ChipFormat",
    "ChipNeuron",
    "Conv2d",
    "CubaLIF",
    "Decays",
    "Grid",
    "LayerReport",
    "Linear",
    "SumPool2d",
    "calibrate",
    "chip_format",
    "deviations",
    "freeze",
    "integer_format",
    "prepare",
    "unit_exponent",
]
