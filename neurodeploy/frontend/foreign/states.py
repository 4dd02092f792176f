"""The states that foreign modules keep, forgotten before a run."""

from __future__ import annotations

from torch import nn

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
