"""Encoders: from values (N, ...) to sequences (T, N, ...), and those that are part of a network."""

from snncore.encoding.analog import Direct as Direct
from snncore.encoding.level import level as level
from snncore.encoding.neurons import Delta as Delta
from snncore.encoding.neurons import Latency as Latency
from snncore.encoding.neurons import Rate as Rate
from snncore.encoding.periodic import Periodic as Periodic
from snncore.encoding.periodic import delta as delta
from snncore.encoding.phase import phase as phase
from snncore.encoding.phase import phase_weights as phase_weights
from snncore.encoding.random import poisson as poisson
from snncore.encoding.random import rate as rate
from snncore.encoding.timing import direct as direct
from snncore.encoding.timing import latency as latency
from snncore.encoding.timing import population as population

__all__ = [
    "Delta",
    "Direct",
    "Latency",
    "Periodic",
    "Rate",
    "delta",
    "direct",
    "latency",
    "level",
    "phase",
    "phase_weights",
    "poisson",
    "population",
    "rate",
]
