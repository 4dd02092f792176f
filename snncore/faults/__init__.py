"""Faults of analog and damaged hardware: layers to train with, and a sweep of their strengths."""

from snncore.faults.injection import KINDS as KINDS
from snncore.faults.injection import injected as injected
from snncore.faults.layers import DropSpikes as DropSpikes
from snncore.faults.layers import Mismatch as Mismatch
from snncore.faults.layers import Noise as Noise
from snncore.faults.removal import without as without
from snncore.faults.stuck import StuckSynapses as StuckSynapses
from snncore.faults.sweep import FaultSweep as FaultSweep
from snncore.faults.sweep import sweep as sweep

__all__ = [
    "KINDS",
    "DropSpikes",
    "FaultSweep",
    "Mismatch",
    "Noise",
    "StuckSynapses",
    "injected",
    "sweep",
    "without",
]
