"""Neurons as torch modules."""

from snncore.dynamics.zoo.spiking import CUBA_LIF as CUBA_LIF
from snncore.dynamics.zoo.spiking import Reset as Reset
from snncore.neuron.define import Defined as Defined
from snncore.neuron.define import define as define
from snncore.neuron.equation_neuron import EquationNeuron as EquationNeuron
from snncore.neuron.module import Neuron as Neuron
from snncore.neuron.module import StepMode as StepMode
from snncore.neuron.parallel import PSN as PSN
from snncore.neuron.parallel import SlidingPSN as SlidingPSN
from snncore.neuron.zoo import EIF as EIF
from snncore.neuron.zoo import IF as IF
from snncore.neuron.zoo import LIF as LIF
from snncore.neuron.zoo import QIF as QIF
from snncore.neuron.zoo import AdaptiveLIF as AdaptiveLIF
from snncore.neuron.zoo import ComplementaryLIF as ComplementaryLIF
from snncore.neuron.zoo import CubaLIF as CubaLIF
from snncore.neuron.zoo import GatedLIF as GatedLIF
from snncore.neuron.zoo import IntegerLIF as IntegerLIF
from snncore.neuron.zoo import Izhikevich as Izhikevich
from snncore.neuron.zoo import LeakyIntegrator as LeakyIntegrator
from snncore.neuron.zoo import ParametricLIF as ParametricLIF
from snncore.neuron.zoo import TernaryLIF as TernaryLIF

__all__ = [
    "CUBA_LIF",
    "EIF",
    "IF",
    "LIF",
    "PSN",
    "QIF",
    "AdaptiveLIF",
    "ComplementaryLIF",
    "CubaLIF",
    "Defined",
    "EquationNeuron",
    "GatedLIF",
    "IntegerLIF",
    "Izhikevich",
    "LeakyIntegrator",
    "Neuron",
    "ParametricLIF",
    "Reset",
    "SlidingPSN",
    "StepMode",
    "TernaryLIF",
    "define",
]
