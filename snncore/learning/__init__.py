"""Learning rules besides backpropagation through time; all of them leave steps to an optimizer."""

from snncore.learning.fptt import FPTT as FPTT
from snncore.learning.online import TraceSynapse as TraceSynapse
from snncore.learning.online import offline as offline
from snncore.learning.online import online as online
from snncore.learning.online import steps_online as steps_online
from snncore.learning.stdp import STDP as STDP
from snncore.learning.stdp import hard_bounds as hard_bounds
from snncore.learning.stdp import soft_bounds as soft_bounds
from snncore.learning.triplet import TripletSTDP as TripletSTDP

__all__ = [
    "FPTT",
    "STDP",
    "TraceSynapse",
    "TripletSTDP",
    "hard_bounds",
    "offline",
    "online",
    "soft_bounds",
    "steps_online",
]
