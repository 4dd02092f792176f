"""Modules of the frameworks that are known here, as layers of ours."""

from __future__ import annotations

from torch import nn

from neurodeploy.frontend.foreign.form import Taken as Taken


def taken(module: nn.Module) -> Taken | None:
    """Return a known framework's module as ours, or None for any other module.

    Raises:
        UnsupportedLayerError: if it is a known framework's and cannot be ours; names its class,
            the reason and the closest thing.
    """
    return None


def is_neuron(module: nn.Module) -> bool:
    """Return whether the module is a neuron of a known framework."""
    return False
