"""Neurons known by how they respond: for a chip that has leaky neurons, and none of your own.

A neuron is driven from rest, and the smallest drive that makes it fire is searched for: in the
first step this is its threshold; in the steps after an input too small to fire, it says how much
of that input is left. Two of these shares give the leak of a voltage, and of a current if there is
one; a third proves that nothing else happens below the threshold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from snncore import neuron
from snncore.dynamics import evaluate
from snncore.dynamics.printing.register_words import REGISTER_TABLE
from snncore.dynamics.sent import sends_spikes

Array = NDArray[np.float64]

_LARGEST, _HALVINGS = 2.0**24, 80
# Shares of an input are measured to this, and compared within more.
_TOLERANCE = 1e-6
_SPIKED = 1e-5


@dataclass(frozen=True)
class Response:
    """A leaky neuron that responds alike below the threshold, in units of the input."""

    threshold: Array
    # The shares that a step leaves of the current, 0 if there is none, and of the voltage.
    current: Array
    voltage: Array
    # Whether a spike leaves nothing of the voltage; otherwise it subtracts the threshold.
    resets_hard: bool
    # Whether a drive that meets the threshold fires; None if floats do not tell.
    strict: bool | None


def response(module: neuron.EquationNeuron) -> Response | None:
    """Return how neurons respond, or None if they do not leak and fire as chips' neurons do."""
    if len(module.equations.inputs) != 1 or not sends_spikes(module.equations):
        return None
    probe = _Probe(module)
    threshold = probe.boundary(())
    if threshold is None:
        return None
    shares = _shares(probe, threshold)
    if shares is None:
        return None
    total, product = shares[0], shares[0] ** 2 - shares[1]
    roots = total**2 - 4 * product
    if (roots < -_TOLERANCE).any():
        return None
    half = np.sqrt(np.maximum(roots, 0.0)) / 2
    voltage, current = total / 2 + half, total / 2 - half
    current = np.where(abs(current) < _TOLERANCE, 0.0, current)
    kept = (voltage >= 0) & (voltage <= 1 + _TOLERANCE) & (current >= 0)
    third = voltage**3 + current * (voltage**2 + current * voltage + current**2)
    if not kept.all() or (abs(third - shares[2]) > 10 * _TOLERANCE).any():
        return None
    voltage = np.minimum(voltage, 1.0)
    hard = _resets_hard(probe, threshold, current, voltage)
    if hard is None:
        return None
    return Response(threshold, current, voltage, hard, _strictness(probe, threshold))


class _Probe:
    """Neurons that are driven from their initial states, in floats of 64 bits."""

    def __init__(self, module: neuron.EquationNeuron) -> None:
        self.equations, self.initial = module.equations, module.initial
        named = {name: getattr(module, name) for name in module.equations.parameters}
        self.parameters: dict[str, Array] = {
            name: np.asarray(value.detach().cpu() if hasattr(value, "detach") else value, float)
            for name, value in named.items()
        }
        self.shape = np.broadcast_shapes(*(each.shape for each in self.parameters.values()), (1,))

    def fires(self, drives: Sequence[Array]) -> NDArray[np.bool_]:
        """Return which neurons fire at the last of these drives, and at no drive before it."""
        states: Mapping[str, Any] = {
            name: np.full(self.shape, self.initial.get(name, 0.0)) for name in self.equations.states
        }
        (name,) = self.equations.inputs
        sent = np.zeros(self.shape)
        # Large drives may be beyond what an exponential holds.
        with np.errstate(all="ignore"):
            for drive in drives:
                arguments = (states, {name: drive}, self.parameters)
                states, sent = evaluate(self.equations, REGISTER_TABLE, *arguments)
        return np.broadcast_to(np.asarray(sent) != 0, self.shape)

    def boundary(self, before: Sequence[Array]) -> Array | None:
        """Return the smallest drive that fires after others, or None if some neuron has none."""
        low, high = (np.full(self.shape, size) for size in (-_LARGEST, _LARGEST))
        if not self.fires([*before, high]).all() or self.fires([*before, low]).any():
            return None
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            fired = self.fires([*before, middle])
            low, high = np.where(fired, low, middle), np.where(fired, middle, high)
        return high


def _shares(probe: _Probe, threshold: Array) -> tuple[Array, Array, Array] | None:
    """Return how much of an input is left one, two and three steps later."""
    if (threshold <= 0).any():
        return None
    shares = []
    rest = np.zeros_like(threshold)
    for late in range(3):
        sizes = []
        for part in (0.125, 0.0625):
            boundary = probe.boundary([part * threshold, *[rest] * late])
            if boundary is None:
                return None
            sizes.append((threshold - boundary) / (part * threshold))
        if (abs(sizes[0] - sizes[1]) > _TOLERANCE).any():
            return None
        shares.append(sizes[0])
    return shares[0], shares[1], shares[2]


def _resets_hard(probe: _Probe, threshold: Array, current: Array, voltage: Array) -> bool | None:
    """Return whether a spike leaves only the current; None if it does more than to subtract."""
    kinds = set[str]()
    for over in (1.5, 2.5):
        boundary = probe.boundary([over * threshold])
        if boundary is None:
            return None
        left = (threshold - boundary) / threshold
        expected = {
            "hard": current * over,
            "soft": current * over + voltage * (over - 1),
            "late": (current + voltage) * over - 1,
        }
        close = {kind for kind, each in expected.items() if (abs(left - each) < _SPIKED).all()}
        kinds = close if over == 1.5 else kinds & close
    return "hard" in kinds if kinds else None


def _strictness(probe: _Probe, threshold: Array) -> bool | None:
    """Return whether neurons fire above the threshold alone."""
    met = threshold.astype(np.float32).astype(np.float64)
    if (abs(met - threshold) > _TOLERANCE * threshold).any():
        return None
    fired = probe.fires([met])
    return bool(not fired.any()) if fired.all() or not fired.any() else None
