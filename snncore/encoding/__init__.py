"""Encoders: from values (N, ...) to sequences (T, N, ...)."""

from snncore.encoding.level import level as level
from snncore.encoding.phase import phase as phase
from snncore.encoding.phase import phase_weights as phase_weights
from snncore.encoding.random import poisson as poisson
from snncore.encoding.random import rate as rate
from snncore.encoding.timing import direct as direct
from snncore.encoding.timing import latency as latency
from snncore.encoding.timing import population as population

__all__ = [
    "direct",
    "latency",
    "level",
    "phase",
    "phase_weights",
    "poisson",
    "population",
    "rate",
]
