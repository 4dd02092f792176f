"""The neuron whose rate is a clipped ReLU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from snncore import neuron
from snncore.dynamics import select, spike


@neuron.define(states={"v": 0.0}, params={"level": 0.5, "drop": 1.0})
def RateIF(v: Any, x: Any, *, level: Any, drop: Any) -> Any:  # noqa: N802
    """Fire at `level`, then lose `drop`: over T steps the rate is the input divided by `drop`.

    With level = drop / 2 it is the neuron that starts half charged, moved so that it starts at 0.
    """
    h = v + x
    s = spike(h - level)
    return select(s, h - drop, h), s


def rate_neuron(level: Tensor, drop: Tensor) -> nn.Module:
    """Return neurons with a level and a drop per channel, or the zoo's IF if the two are equal."""
    neurons: nn.Module
    if torch.equal(level, drop):
        neurons = neuron.IF(drop.clone(), reset="soft")
    else:
        make: Any = RateIF
        neurons = make(level=level.clone(), drop=drop.clone())
    return neurons.to(drop.device)


def is_rate_neuron(module: nn.Module) -> bool:
    """Return whether a conversion made this neuron."""
    soft = isinstance(module, neuron.IF) and module.config()["reset"] == "soft"
    return soft or isinstance(module, RateIF)


def drop_of(module: Any) -> Tensor:
    """Return the amount that a spike subtracts from the membrane, which is the spike's worth."""
    name = "threshold" if isinstance(module, neuron.IF) else "drop"
    drop: Tensor = getattr(module, name)
    return drop
