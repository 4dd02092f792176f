"""The backends that run on this machine's GPU, and a layer with one of them."""

from typing import Any

import torch

from snncore import neuron
from snncore.kernels import BACKENDS, backend

DEVICE = torch.device("cuda")


def on_gpu() -> list[str]:
    """All backends with kernels for a GPU; the eager one is what they are compared with."""
    work = neuron.LIF()._work(DEVICE, torch.float32)
    return [n for n in BACKENDS if n != "torch" and backend(n).refusal(work) is None]


def eager(module: neuron.EquationNeuron) -> neuron.EquationNeuron:
    """The same layer on the CPU, one step after another."""
    options: dict[str, Any] = module.config() | {"backend": "torch"}
    return type(module)(**options | {"surrogate": module.surrogate})
