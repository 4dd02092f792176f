"""A run of a torch network that keeps what its neurons did, its last sums, and its output."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurodeploy.errors import ValidationError
from snncore import functional, layer, monitor, neuron


@dataclass(frozen=True)
class Recorded:
    """Every neuron layer's spikes and states, the sums of readouts, and the output."""

    neurons: Mapping[str, Mapping[str, Tensor]]
    # By the name of their layer.
    sums: Mapping[str, Tensor]
    output: Tensor


def recorded(network: nn.Module, samples: NDArray[Any], readouts: Collection[str]) -> Recorded:
    """Return what a network does with samples (T, N, ...), from states of zero.

    The sums of weights are recorded for the layers that are named in `readouts`.
    """
    was_training = network.training
    network.eval()
    functional.reset(network)
    device = next((p.device for p in network.parameters()), torch.device("cpu"))
    inputs = torch.from_numpy(samples).to(device, torch.float32)
    weights = _weights(network, readouts)
    sums: dict[str, list[Tensor]] = {name: [] for name in weights}
    hooks = [
        module.register_forward_hook(lambda *called, name=name: sums[name].append(called[-1]))
        for name, module in weights.items()
    ]
    try:
        with torch.no_grad(), monitor.record(network) as recording:
            # A network of single steps receives one step after another.
            steps = _takes_steps(network)
            outputs = [network(part) for part in (inputs if steps else (inputs,))]
    finally:
        for hook in hooks:
            hook.remove()
        functional.reset(network)
        network.train(was_training)
    whole = {name: _whole(values, steps) for name, values in sums.items() if values}
    return Recorded(recording, whole, _whole(outputs, steps))


def _weights(network: nn.Module, names: Collection[str]) -> dict[str, nn.Module]:
    """Return the layers of weights with these names; a network that is one layer is `network`."""
    return {
        name or "network": module
        for name, module in network.named_modules()
        if (name or "network") in names
        and isinstance(module, layer.Linear | layer.Conv2d | layer.Vote)
    }


def _whole(values: list[Tensor], steps: bool) -> Tensor:
    return torch.stack(values) if steps else values[0]


def _takes_steps(network: nn.Module) -> bool:
    # The inside of a recurrent layer takes steps, whatever the network does.
    within = {
        part
        for module in network.modules()
        if isinstance(module, layer.Recurrent)
        for part in module.body.modules()
    }
    outside = [m for m in network.modules() if m not in within]
    modes = {m.step_mode for m in outside if isinstance(m, neuron.Neuron | layer.Recurrent)}
    if len(modes) > 1:
        raise ValidationError("some neurons take steps and some sequences (step_mode)")
    return modes == {neuron.StepMode.SINGLE}
