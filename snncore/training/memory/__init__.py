"""Training within a budget of memory: packed spikes, and parts that are computed again."""

from snncore.training.memory.fit import FittedNetwork as FittedNetwork
from snncore.training.memory.fit import fit_memory as fit_memory

__all__ = ["FittedNetwork", "fit_memory"]
