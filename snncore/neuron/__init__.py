"""Neurons as torch modules."""

from snncore.dynamics.zoo.spiking import CUBA_LIF as CUBA_LIF
from snncore.dynamics.zoo.spiking import Reset as Reset
from snncore.neuron.define import Defined as Defined
from snncore.neuron.define import define as define
from snncore.neuron.equation_neuron import EquationNeuron as EquationNeuron
from snncore.neuron.families.adapting import LSNN as LSNN
from snncore.neuron.families.adapting import AdEx as AdEx
from snncore.neuron.families.adapting import ResonateAndFire as ResonateAndFire
from snncore.neuron.families.delayed import Alpha as Alpha
from snncore.neuron.families.delayed import Lapicque as Lapicque
from snncore.neuron.families.delayed import Leaky as Leaky
from snncore.neuron.families.delayed import Synaptic as Synaptic
from snncore.neuron.families.dendrites import DendriticLIF as DendriticLIF
from snncore.neuron.families.dendrites import TwoCompartmentLIF as TwoCompartmentLIF
from snncore.neuron.families.leaking import KLIF as KLIF
from snncore.neuron.families.leaking import OnlineLIF as OnlineLIF
from snncore.neuron.families.leaking import RefractoryLIF as RefractoryLIF
from snncore.neuron.families.noisy import NoisyCubaLIF as NoisyCubaLIF
from snncore.neuron.families.noisy import NoisyIF as NoisyIF
from snncore.neuron.families.noisy import NoisyLIF as NoisyLIF
from snncore.neuron.module import Neuron as Neuron
from snncore.neuron.module import StepMode as StepMode
from snncore.neuron.parallel import PSN as PSN
from snncore.neuron.parallel import MaskedPSN as MaskedPSN
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
from snncore.neuron.zoo import TernaryIF as TernaryIF
from snncore.neuron.zoo import TernaryLIF as TernaryLIF

__all__ = [
    "CUBA_LIF",
    "EIF",
    "IF",
    "KLIF",
    "LIF",
    "LSNN",
    "PSN",
    "QIF",
    "AdEx",
    "AdaptiveLIF",
    "Alpha",
    "ComplementaryLIF",
    "CubaLIF",
    "Defined",
    "DendriticLIF",
    "EquationNeuron",
    "GatedLIF",
    "IntegerLIF",
    "Izhikevich",
    "Lapicque",
    "Leaky",
    "LeakyIntegrator",
    "MaskedPSN",
    "Neuron",
    "NoisyCubaLIF",
    "NoisyIF",
    "NoisyLIF",
    "OnlineLIF",
    "ParametricLIF",
    "RefractoryLIF",
    "Reset",
    "ResonateAndFire",
    "SlidingPSN",
    "StepMode",
    "Synaptic",
    "TernaryIF",
    "TernaryLIF",
    "TwoCompartmentLIF",
    "define",
]
