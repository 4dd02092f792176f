"""Networks whose values are the times of spikes: exact solutions, and exact gradients of them."""

from snncore.timing.codes import from_latency as from_latency
from snncore.timing.codes import from_train as from_train
from snncore.timing.codes import latency as latency
from snncore.timing.codes import population as population
from snncore.timing.codes import to_train as to_train
from snncore.timing.first_spike import FirstSpike as FirstSpike
from snncore.timing.kernels import Kernel as Kernel
from snncore.timing.kernels import Leaky as Leaky
from snncore.timing.kernels import Ramp as Ramp
from snncore.timing.losses import silence_penalty as silence_penalty
from snncore.timing.losses import tempotron_loss as tempotron_loss
from snncore.timing.losses import time_cross_entropy as time_cross_entropy
from snncore.timing.losses import time_mse as time_mse
from snncore.timing.srm import SRM as SRM
from snncore.timing.steps import OneSpike as OneSpike
from snncore.timing.steps import Stepped as Stepped
from snncore.timing.steps import stepped as stepped
from snncore.timing.tempotron import Peaks as Peaks
from snncore.timing.tempotron import Tempotron as Tempotron

__all__ = [
    "SRM",
    "FirstSpike",
    "Kernel",
    "Leaky",
    "OneSpike",
    "Peaks",
    "Ramp",
    "Stepped",
    "Tempotron",
    "from_latency",
    "from_train",
    "latency",
    "population",
    "silence_penalty",
    "stepped",
    "tempotron_loss",
    "time_cross_entropy",
    "time_mse",
    "to_train",
]
