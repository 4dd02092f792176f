"""What is done to a whole network at once."""

from torch import nn

from snncore.neuron import Neuron


def reset(network: nn.Module) -> None:
    """Forget every neuron's states; the next sample starts from zero."""
    for module in network.modules():
        if isinstance(module, Neuron):
            module.reset()


def detach(network: nn.Module) -> None:
    """Keep every neuron's states and cut their history, as between chunks of a long sequence."""
    for module in network.modules():
        if isinstance(module, Neuron):
            module.detach()
