"""What runs a network's neurons."""

from __future__ import annotations

from torch import nn

from snncore.kernels import BackendReport
from snncore.neuron import EquationNeuron


def backend_report(network: nn.Module) -> dict[str, BackendReport]:
    """For each neuron layer by name: the backend that runs it, and why others were refused."""
    return {
        name: module.backend_report()
        for name, module in network.named_modules()
        if isinstance(module, EquationNeuron)
    }
