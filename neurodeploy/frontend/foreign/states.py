"""The states that foreign modules keep, forgotten before a run."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from snncore import functional

# By the name of a package: the methods with which its modules forget their states.
_METHODS = {
    "rockpool": ("reset_state",),
    "sinabs": ("reset_states",),
    "snntorch": ("reset_mem",),
    "spikingjelly": ("reset",),
}


def forget(module: nn.Module) -> None:
    """Let every neuron within the module start from its first states again."""
    functional.reset(module)
    for part in module.modules():
        for name in _METHODS.get(type(part).__module__.split(".")[0], ()):
            method = getattr(part, name, None)
            if callable(method):
                method()
        if "slayer" in type(part).__module__.split("."):
            _forget_last(part)


def _forget_last(part: nn.Module) -> None:
    """Let a module of slayer's start from zeros, where it keeps its last states."""
    for name in ("current_state", "voltage_state", "spike_state", "real_state", "imag_state"):
        state = getattr(part, name, None)
        if isinstance(state, Tensor):
            setattr(part, name, torch.zeros(1).to(state))
    if hasattr(part, "delay_buffer"):
        setattr(part, "delay_buffer", None)  # noqa: B010
