"""What is done to a whole network at once."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from snncore import layer
from snncore.layer.steps import leading_axes
from snncore.neuron import Neuron

# Their modules within are always given single steps.
_STEPPING = (layer.Recurrent, layer.Steps)


def reset(network: nn.Module) -> None:
    """Forget all states; the next sample starts from zero."""
    for module in _stateful(network):
        module.reset()


def detach(network: nn.Module) -> None:
    """Keep all states and cut their history, as between chunks of a long sequence."""
    for module in _stateful(network):
        module.detach()


def set_step_mode(network: nn.Module, step_mode: str) -> None:
    """Whether the network takes one step (N, ...), "s", or sequences (T, N, ...), "m".

    What is within a container that runs step by step keeps to single steps.

    Raises:
        ValueError: if there is no such mode.
    """
    leading_axes(step_mode, "set_step_mode")
    known = getattr(network, "step_mode", None)
    if isinstance(known, str):
        setattr(network, "step_mode", type(known)(step_mode))  # noqa: B010
    for child in network.children():
        set_step_mode(child, "s" if isinstance(network, _STEPPING) else step_mode)


def set_backend(network: nn.Module, backend: str) -> None:
    """Which backend runs the neurons: "auto", or the name of one."""
    for module in network.modules():
        if isinstance(module, Neuron):
            module.backend = backend


def freeze(network: nn.Module) -> None:
    """Stop learning: parameters have no gradient, batch norms keep to their running statistics."""
    _learn(network, False)


def unfreeze(network: nn.Module) -> None:
    """Learn again."""
    _learn(network, True)


def synchronize(network: nn.Module, synchronized: bool = True) -> None:
    """Whether batch norms take their statistics over the batches of all processes."""
    for module in network.modules():
        if isinstance(module, layer.BatchNorm):
            module.synchronized = synchronized


def _learn(network: nn.Module, learns: bool) -> None:
    network.requires_grad_(learns)
    for module in network.modules():
        if isinstance(module, layer.BatchNorm | layer.StepBatchNorm2d):
            module.frozen = not learns


def _stateful(network: nn.Module) -> Iterator[Neuron | layer.StateLayer]:
    for module in network.modules():
        if isinstance(module, Neuron | layer.StateLayer):
            yield module
