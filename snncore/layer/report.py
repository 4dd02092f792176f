"""The backends that run a network's neurons."""

from __future__ import annotations

from torch import nn

from snncore.kernels import BackendReport
from snncore.neuron import EquationNeuron


def backend_report(network: nn.Module) -> dict[str, BackendReport]:
    """Report each neuron layer's backend by name, and the reasons against the others."""
    return {
        name: module.backend_report()
        for name, module in network.named_modules()
        if isinstance(module, EquationNeuron)
    }
