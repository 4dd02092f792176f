"""Online training through time (Xiao et al. 2022): memory that does not grow with the steps."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.func import functional_call

from snncore import functional, layer

_SYNAPSES = (layer.Linear, layer.Conv1d, layer.Conv2d, layer.Conv3d)


class TraceSynapse(layer.StateLayer):
    """Weights whose gradient is taken by the trace of their inputs; values are as they were.

    The trace decays as the neurons behind leak, so that their voltage's whole past is in it.
    """

    def __init__(self, synapse: nn.Module, decay: float) -> None:
        super().__init__("s")
        if not 0 <= decay <= 1:
            raise ValueError(f"TraceSynapse.decay: {decay} is not in 0..1")
        self.synapse, self.decay = synapse, float(decay)

    def forward(self, x: Tensor) -> Tensor:
        """Compute the weighted sums of a step."""
        trace = self._followed("trace", x.detach())
        if not (self.training and torch.is_grad_enabled()):
            plain: Tensor = self.synapse(x)
            return plain
        # The input's gradient goes through the values, the weights' through the trace.
        fixed = {name: value.detach() for name, value in self.synapse.named_parameters()}
        values = functional_call(self.synapse, fixed, (x,))
        grown: dict[str, Tensor] = dict(self.synapse.named_parameters())
        if "bias" in grown:
            # A bias is a weight whose input is always one.
            grown["bias"] = grown["bias"] * self._followed("ones", x.new_ones(()))
        traced = functional_call(self.synapse, grown, (trace,))
        sums: Tensor = values + (traced - traced.detach())
        return sums

    def _followed(self, name: str, now: Tensor) -> Tensor:
        """Update the trace by this step and return it."""
        last = self.kept(name, now)
        self.states[name] = now if last is None else self.decay * last + now
        return self.states[name]


def online(network: nn.Module, decay: float = 0.5) -> nn.Module:
    """Turn a network, in place, into one that learns online, step by step, and return it.

    `decay` is the neurons' leak: 1 - 1 / tau for LIF, 1 for IF.
    """
    if isinstance(network, _SYNAPSES):
        return TraceSynapse(network, decay)
    for name, child in network.named_children():
        if isinstance(child, _SYNAPSES):
            setattr(network, name, TraceSynapse(child, decay))
        else:
            online(child, decay)
    functional.set_step_mode(network, "s")
    return network


def offline(network: nn.Module) -> nn.Module:
    """Undo `online`, in place: the layers as they were, with what they learnt, on sequences."""
    if isinstance(network, TraceSynapse):
        return network.synapse
    for name, child in network.named_children():
        setattr(network, name, offline(child))
    functional.set_step_mode(network, "m")
    return network


def steps_online(network: nn.Module, x: Tensor) -> Iterator[Tensor]:
    """Yield the outputs for a sequence one by one, each without the history of the others.

    Take the loss of each and call its backward before the next.
    """
    functional.reset(network)
    for step in x:
        yield network(step)
        functional.detach(network)
