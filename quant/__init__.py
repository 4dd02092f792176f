"""Quantization-aware layers: what they compute while training is what the chip computes."""

from quant.block import Block as Block
from quant.calibrate import Calibration as Calibration
from quant.calibrate import LayerReport as LayerReport
from quant.calibrate import calibrate as calibrate
from quant.chip_neuron import ChipNeuron as ChipNeuron
from quant.chips import chip_format as chip_format
from quant.chips import integer_format as integer_format
from quant.container import BlockContainer as BlockContainer
from quant.formats import ChipFormat as ChipFormat
from quant.formats import Decays as Decays
from quant.formats import Grid as Grid
from quant.formats import unit_exponent as unit_exponent
from quant.freeze import freeze as freeze
from quant.neuron import IF as IF
from quant.neuron import LIF as LIF
from quant.neuron import CubaLIF as CubaLIF
from quant.neuron import DrivenCubaLIF as DrivenCubaLIF
from quant.own import Defined as Defined
from quant.penalty import Rates as Rates
from quant.penalty import fan_in_penalty as fan_in_penalty
from quant.penalty import largest_sums as largest_sums
from quant.penalty import spike_rates as spike_rates
from quant.penalty import weight_penalty as weight_penalty
from quant.penalty import zeros as zeros
from quant.prepare import deviations as deviations
from quant.prepare import prepare as prepare
from quant.resonator import ComplexBlock as ComplexBlock
from quant.resonator import Resonator as Resonator
from quant.schedule import Schedule as Schedule
from quant.schedule import fit_units as fit_units
from quant.schedule import freeze_norms as freeze_norms
from quant.schedule import learned_parameters as learned_parameters
from quant.synapse import Conv2d as Conv2d
from quant.synapse import Linear as Linear
from quant.synapse import SumPool2d as SumPool2d

__all__ = [
    "IF",
    "LIF",
    "Block",
    "BlockContainer",
    "Calibration",
    "ChipFormat",
    "ChipNeuron",
    "ComplexBlock",
    "Conv2d",
    "CubaLIF",
    "Decays",
    "Defined",
    "DrivenCubaLIF",
    "Grid",
    "LayerReport",
    "Linear",
    "Rates",
    "Resonator",
    "Schedule",
    "SumPool2d",
    "calibrate",
    "chip_format",
    "deviations",
    "fan_in_penalty",
    "fit_units",
    "freeze",
    "freeze_norms",
    "integer_format",
    "largest_sums",
    "learned_parameters",
    "prepare",
    "spike_rates",
    "unit_exponent",
    "weight_penalty",
    "zeros",
]
