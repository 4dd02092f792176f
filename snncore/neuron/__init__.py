"""Neurons as torch modules."""

from snncore.neuron.module import Neuron as Neuron
from snncore.neuron.module import StepMode as StepMode
from snncore.neuron.zoo import CUBA_LIF as CUBA_LIF
from snncore.neuron.zoo import IF as IF
from snncore.neuron.zoo import LIF as LIF
from snncore.neuron.zoo import CubaLIF as CubaLIF
from snncore.neuron.zoo import Reset as Reset

__all__ = ["CUBA_LIF", "IF", "LIF", "CubaLIF", "Neuron", "Reset", "StepMode"]
