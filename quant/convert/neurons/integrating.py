"""Neurons of somebody's own that only leak and add up, and show their voltage: a readout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from snncore import neuron
from snncore.dynamics.evaluate import evaluate
from snncore.dynamics.printing.register_words import REGISTER_TABLE

# States and inputs at which a step has to be linear.
_TRIED = np.random.default_rng(0).normal(size=(16, 3)) * 4


@dataclass(frozen=True)
class Integration:
    """A leaky voltage that adds up its input, or a leaky current that does: the shares of each."""

    # Of the voltage and of the current, what a step keeps.
    voltage: Any
    current: Any
    # Of the input or the current, what the voltage takes.
    gain: Any


def integration(module: neuron.Neuron) -> Integration | None:
    """Return the shares of a readout's states and input in the next voltage; None for others.

    A step is tried at some values: it has to be linear, from zero on, and to send its voltage. A
    current has to drive the voltage in the step in which it takes the input.
    """
    if not isinstance(module, neuron.Defined) or any(module.initial.values()):
        return None
    equations = module.equations
    states = len(equations.states)
    if len(equations.inputs) != 1 or equations.output not in equations.next_states:
        return None
    shown = equations.next_states.index(equations.output)
    if states == 1:
        return _one_state(module)
    return _two_states(module, shown) if states == 2 else None


def _one_state(module: neuron.Defined) -> Integration | None:
    (keep,), (gain,) = _next(module, (1.0,), 0.0), _next(module, (0.0,), 1.0)
    for voltage, _, x in _TRIED:
        (after,) = _next(module, (voltage,), x)
        if not _alike(after, keep * voltage + gain * x):
            return None
    return Integration(keep, np.zeros_like(keep), gain)


def _two_states(module: neuron.Defined, shown: int) -> Integration | None:
    """Return the shares of a voltage that a current drives, which is the state beside it."""

    def step(voltage: float, current: float, x: float) -> tuple[Any, Any]:
        pair = (voltage, current) if shown == 0 else (current, voltage)
        after = _next(module, pair, x)
        return after[shown], after[1 - shown]

    (keep, back), (drive, current), (gain, share) = (
        step(*unit) for unit in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    )
    for values in _TRIED:
        voltage, current_before, x = values
        after = step(*values)
        linear = keep * voltage + drive * current_before + gain * x
        if not _alike(after[0], linear):
            return None
        if not _alike(after[1], current * current_before + share * x):
            return None
    # The voltage takes the new current, of which the state is what the next step keeps.
    if np.any(back) or not _alike(drive * share, gain * current):
        return None
    return Integration(keep, current, gain)


def _alike(first: Any, second: Any) -> bool:
    return np.allclose(first, second, rtol=1e-6, atol=1e-6)


def _next(module: neuron.Defined, states: tuple[float, ...], x: float) -> tuple[Any, ...]:
    """Return the next states of every neuron."""
    equations = module.equations
    values = {
        key: torch.as_tensor(getattr(module, key)).detach().double().cpu().numpy()
        for key in equations.parameters
    }
    before = {name: np.float64(v) for name, v in zip(equations.states, states, strict=True)}
    (drive,) = equations.inputs
    after, _ = evaluate(equations, REGISTER_TABLE, before, {drive: np.float64(x)}, values)
    return tuple(np.asarray(after[name]) for name in equations.states)
