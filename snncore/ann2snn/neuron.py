"""The neuron whose rate is a clipped ReLU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from snncore import neuron
from snncore.dynamics import select, spike


@neuron.define(states={"v": 0.0}, params={"level": 0.5, "drop": 1.0})
def RateIF(v: Any, x: Any, *, level: Any, drop: Any) -> Any:  # noqa: N802
    """Fires at `level` and then loses `drop`: over T steps its rate is the input over `drop`.

    With level = drop / 2 it is the neuron that starts half charged, moved so that it starts at 0.
    """
    h = v + x
    s = spike(h - level)
    return select(s, h - drop, h), s


def rate_neuron(level: Tensor, drop: Tensor) -> nn.Module:
    """Neurons with one level and one drop a channel; the library's IF where they are the same."""
    made: nn.Module
    if torch.equal(level, drop):
        made = neuron.IF(drop.clone(), reset="soft")
    else:
        make: Any = RateIF
        made = make(level=level.clone(), drop=drop.clone())
    return made.to(drop.device)


def is_rate_neuron(module: nn.Module) -> bool:
    """Whether it is one of the neurons that a conversion makes."""
    soft = isinstance(module, neuron.IF) and module.config()["reset"] == "soft"
    return soft or isinstance(module, RateIF)


def drop_of(module: Any) -> Tensor:
    """What a spike takes from the membrane, which is what it stands for."""
    name = "threshold" if isinstance(module, neuron.IF) else "drop"
    drop: Tensor = getattr(module, name)
    return drop
