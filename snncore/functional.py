"""Functions of a whole network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from snncore import layer
from snncore.layer.steps import leading_axes
from snncore.neuron import Neuron

# Their modules within are always given single steps.
_STEPPING = (layer.Recurrent, layer.Steps)


def reset(network: nn.Module) -> None:
    """Forget all states; the next sample starts from zero.

    Examples:
        >>> spikes = net(x)
        >>> functional.reset(net)
        >>> torch.equal(net(x), spikes)
        True
    """
    for module in _stateful(network):
        module.reset()


def detach(network: nn.Module) -> None:
    """Keep all states and cut their history, as between chunks of a long sequence."""
    for module in _stateful(network):
        module.detach()


def states(network: nn.Module) -> dict[str, Tensor]:
    """Return all states by layer and name, for a checkpoint to keep beside the weights.

    They have no history; `restore` takes them.
    """
    return {
        f"{name}.{state}" if name else state: value.detach().clone()
        for name, module in network.named_modules()
        if isinstance(module, Neuron | layer.StateLayer)
        for state, value in module.states.items()
    }


def restore(network: nn.Module, kept: Mapping[str, Tensor]) -> None:
    """Continue from these states on the network's device, and forget all others.

    Raises:
        ValueError: if one belongs to no layer of this network.
    """
    by_layer: dict[str, dict[str, Tensor]] = {}
    modules = dict(network.named_modules())
    for key, value in kept.items():
        name, _, state = key.rpartition(".")
        module = modules.get(name)
        names = module.equations.states if isinstance(module, Neuron) else (state,)
        if not isinstance(module, Neuron | layer.StateLayer) or state not in names:
            raise ValueError(f"{key}: is not a state of a layer of this network")
        by_layer.setdefault(name, {})[state] = value
    reset(network)
    for name, values in by_layer.items():
        device = next(network.parameters(), next(iter(values.values()))).device
        modules[name].states = {state: value.to(device) for state, value in values.items()}


def set_step_mode(network: nn.Module, step_mode: str) -> None:
    """Set whether the network takes one step (N, ...), "s", or sequences (T, N, ...), "m".

    What is within a container that runs step by step keeps to single steps.

    Raises:
        ValueError: if there is no such mode.
    """
    leading_axes(step_mode, "set_step_mode")
    current = getattr(network, "step_mode", None)
    if isinstance(current, str):
        setattr(network, "step_mode", type(current)(step_mode))  # noqa: B010
    for child in network.children():
        set_step_mode(child, "s" if isinstance(network, _STEPPING) else step_mode)


def set_backend(network: nn.Module, backend: str) -> None:
    """Set the backend that runs the neurons: "auto", or the name of one."""
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
    """Set whether batch norms take their statistics over the batches of all processes."""
    for module in network.modules():
        if isinstance(module, layer.BatchNorm):
            module.synchronized = synchronized


def _learn(network: nn.Module, learns: bool) -> None:
    network.requires_grad_(learns)
    for module in network.modules():
        if isinstance(module, layer.BatchNorm | layer.StepBatchNorm):
            module.frozen = not learns


def _stateful(network: nn.Module) -> Iterator[Neuron | layer.StateLayer]:
    for module in network.modules():
        if isinstance(module, Neuron | layer.StateLayer):
            yield module
