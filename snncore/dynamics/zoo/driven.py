"""The arithmetic of neurons that a host drives: it multiplies every input by a whole gain."""

from __future__ import annotations

from dataclasses import replace

from snncore.dynamics.arithmetic.number_system import NumberSystem

GAIN = "gain"
_SUFFIX = ".driven"


def driven(system: NumberSystem) -> NumberSystem:
    """Return the same number system with a gain."""
    parameters = (*system.parameters, (GAIN, 0))
    return replace(system, name=f"{system.name}{_SUFFIX}", parameters=parameters)


def undriven(system: NumberSystem) -> NumberSystem:
    """Return the same number system without the gain: the inverse of `driven`."""
    parameters = tuple(pair for pair in system.parameters if pair[0] != GAIN)
    return replace(system, name=system.name.removesuffix(_SUFFIX), parameters=parameters)
