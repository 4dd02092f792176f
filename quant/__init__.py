"""Quantization-aware layers: their training forward computes what the chip computes.

A name is loaded on first use, so a chip's format can be described without torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quant.convert.container import BlockContainer as BlockContainer
    from quant.convert.encoding.encoders import EncoderWarning as EncoderWarning
    from quant.convert.prepare import deviations as deviations
    from quant.convert.prepare import prepare as prepare
    from quant.fit.calibrate import Calibration as Calibration
    from quant.fit.calibrate import LayerReport as LayerReport
    from quant.fit.calibrate import calibrate as calibrate
    from quant.fit.freeze import freeze as freeze
    from quant.fit.penalty import Rates as Rates
    from quant.fit.penalty import fan_in_penalty as fan_in_penalty
    from quant.fit.penalty import largest_sums as largest_sums
    from quant.fit.penalty import spike_rates as spike_rates
    from quant.fit.penalty import weight_penalty as weight_penalty
    from quant.fit.penalty import zeros as zeros
    from quant.fit.schedule import Schedule as Schedule
    from quant.fit.schedule import fit_units as fit_units
    from quant.fit.schedule import freeze_norms as freeze_norms
    from quant.fit.schedule import learned_parameters as learned_parameters
    from quant.grid.formats import ChipFormat as ChipFormat
    from quant.grid.formats import Decays as Decays
    from quant.grid.formats import Grid as Grid
    from quant.grid.formats import unit_exponent as unit_exponent
    from quant.grid.integers import integer_format as integer_format
    from quant.grid.noted import require_noted as require_noted
    from quant.grid.registry import chip_format as chip_format
    from quant.layer.attention import SpikeAttention as SpikeAttention
    from quant.layer.block import Block as Block
    from quant.layer.convolution import Conv1d as Conv1d
    from quant.layer.convolution import Conv2d as Conv2d
    from quant.layer.convolution import Conv3d as Conv3d
    from quant.layer.encoder import InputEncoder as InputEncoder
    from quant.layer.resonator import AdaptiveResonator as AdaptiveResonator
    from quant.layer.resonator import ComplexBlock as ComplexBlock
    from quant.layer.resonator import Resonator as Resonator
    from quant.layer.synapse import Linear as Linear
    from quant.layer.synapse import SumPool2d as SumPool2d
    from quant.neuron.chip_neuron import ChipNeuron as ChipNeuron
    from quant.neuron.cuba import IF as IF
    from quant.neuron.cuba import LIF as LIF
    from quant.neuron.cuba import CubaLIF as CubaLIF
    from quant.neuron.cuba import DrivenCubaLIF as DrivenCubaLIF
    from quant.neuron.integrator import LeakyIntegrator as LeakyIntegrator
    from quant.neuron.own import Defined as Defined

_MODULES = {
    "IF": "quant.neuron.cuba",
    "LIF": "quant.neuron.cuba",
    "AdaptiveResonator": "quant.layer.resonator",
    "Block": "quant.layer.block",
    "BlockContainer": "quant.convert.container",
    "Calibration": "quant.fit.calibrate",
    "ChipFormat": "quant.grid.formats",
    "ChipNeuron": "quant.neuron.chip_neuron",
    "ComplexBlock": "quant.layer.resonator",
    "Conv1d": "quant.layer.convolution",
    "Conv3d": "quant.layer.convolution",
    "Conv2d": "quant.layer.convolution",
    "CubaLIF": "quant.neuron.cuba",
    "Decays": "quant.grid.formats",
    "Defined": "quant.neuron.own",
    "DrivenCubaLIF": "quant.neuron.cuba",
    "EncoderWarning": "quant.convert.encoding.encoders",
    "Grid": "quant.grid.formats",
    "InputEncoder": "quant.layer.encoder",
    "LayerReport": "quant.fit.calibrate",
    "LeakyIntegrator": "quant.neuron.integrator",
    "Linear": "quant.layer.synapse",
    "Rates": "quant.fit.penalty",
    "Resonator": "quant.layer.resonator",
    "Schedule": "quant.fit.schedule",
    "SpikeAttention": "quant.layer.attention",
    "SumPool2d": "quant.layer.synapse",
    "calibrate": "quant.fit.calibrate",
    "chip_format": "quant.grid.registry",
    "deviations": "quant.convert.prepare",
    "fan_in_penalty": "quant.fit.penalty",
    "fit_units": "quant.fit.schedule",
    "freeze": "quant.fit.freeze",
    "freeze_norms": "quant.fit.schedule",
    "integer_format": "quant.grid.integers",
    "largest_sums": "quant.fit.penalty",
    "learned_parameters": "quant.fit.schedule",
    "prepare": "quant.convert.prepare",
    "require_noted": "quant.grid.noted",
    "spike_rates": "quant.fit.penalty",
    "unit_exponent": "quant.grid.formats",
    "weight_penalty": "quant.fit.penalty",
    "zeros": "quant.fit.penalty",
}

__all__ = [
    "IF",
    "LIF",
    "AdaptiveResonator",
    "Block",
    "BlockContainer",
    "Calibration",
    "ChipFormat",
    "ChipNeuron",
    "ComplexBlock",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "CubaLIF",
    "Decays",
    "Defined",
    "DrivenCubaLIF",
    "EncoderWarning",
    "Grid",
    "InputEncoder",
    "LayerReport",
    "LeakyIntegrator",
    "Linear",
    "Rates",
    "Resonator",
    "Schedule",
    "SpikeAttention",
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
    "require_noted",
    "spike_rates",
    "unit_exponent",
    "weight_penalty",
    "zeros",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _MODULES:
            raise AttributeError(f"quant has no {name}; it has {', '.join(__all__)}")
        value = getattr(import_module(_MODULES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__
