"""Neurons as torch modules."""

from snncore.dynamics.zoo import CUBA_LIF as CUBA_LIF
from snncore.dynamics.zoo import Reset as Reset
from snncore.neuron.module import Neuron as Neuron
from snncore.neuron.module import StepMode as StepMode
from snncore.neuron.zoo import IF as IF
from snncore.neuron.zoo import LIF as LIF
from snncore.neuron.zoo import CubaLIF as CubaLIF

__all__ = ["CUBA_LIF", "IF", "LIF", "CubaLIF", "Neuron", "Reset", "StepMode"]
