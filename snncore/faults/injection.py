"""Faults in a network that has no layers of them, for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from snncore import layer
from snncore.faults.drawing import generator
from snncore.faults.layers import DropSpikes, Mismatch, Noise
from snncore.faults.stuck import stuck_weights
from snncore.neuron import Neuron

_SYNAPSES = (layer.Layer, nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


Undo = Callable[[], Any]
Inject = Callable[[nn.Module, float, int], list[Undo]]


def _before_neurons(
    kind: type[Noise | Mismatch], network: nn.Module, strength: float, seed: int
) -> list[Undo]:
    undo: list[Undo] = []
    for name, module in _neurons(network):
        fault = kind(strength, seed=_seed(seed, name), step_mode=str(module.step_mode))
        undo.append(module.register_forward_pre_hook(partial(_changed, fault)).remove)
        undo += _following(module, fault)
    return undo


def _behind_neurons(network: nn.Module, strength: float, seed: int) -> list[Undo]:
    undo: list[Undo] = []
    for name, module in _neurons(network):
        fault = DropSpikes(strength, seed=_seed(seed, name), step_mode=str(module.step_mode))
        undo.append(module.register_forward_hook(partial(_dropped, fault)).remove)
        undo += _following(module, fault)
    return undo


def _following(module: Neuron, fault: Noise | Mismatch | DropSpikes) -> list[Undo]:
    """Let a fault be reset with its neurons, which a reset reaches."""
    own = module.reset

    def reset() -> None:
        own()
        fault.reset()

    vars(module)["reset"] = reset
    return [lambda: vars(module).pop("reset", None)]


def _stuck(value: float, network: nn.Module, strength: float, seed: int) -> list[Undo]:
    if not 0 <= strength <= 1:
        raise ValueError(f"faults.stuck: a share of {strength} (from 0 to 1)")
    undo: list[Undo] = []
    for name, module in network.named_modules():
        weight = module._parameters.get("weight")
        if isinstance(module, _SYNAPSES) and weight is not None and weight.ndim > 1:
            damage = partial(_damage, strength, value, seed, name)
            undo.append(module.register_forward_pre_hook(damage).remove)
            undo.append(module.register_forward_hook(_heal, always_call=True).remove)
    return undo


def _damage(
    share: float, value: float, seed: int, name: str, module: nn.Module, inputs: Any
) -> None:
    """Let a layer compute with damaged weights, in front of its own, which learn."""
    weight: Any = module._parameters["weight"]
    vars(module)["weight"] = stuck_weights(weight, share, value, seed, name)


def _heal(module: nn.Module, inputs: Any, output: Any) -> None:
    vars(module).pop("weight", None)


# What each strength means: the deviation of the noise of currents, that of the logarithm of a
# unit's gain, the share of synapses that are broken or conduct fully, and that of lost spikes.
KINDS: dict[str, Inject] = {
    "noise": partial(_before_neurons, Noise),
    "mismatch": partial(_before_neurons, Mismatch),
    "stuck at zero": partial(_stuck, 0.0),
    "stuck at one": partial(_stuck, 1.0),
    "dropped spikes": _behind_neurons,
}


@contextmanager
def injected(network: nn.Module, kind: str, strength: float, *, seed: int = 0) -> Iterator[None]:
    """Let all layers have faults within this block, in training or in evaluation.

    Noise and mismatch enter in front of neurons, lost spikes behind them, and stuck synapses in
    every layer of weights; each layer draws its own. Weights learn meanwhile, and keep what they
    learnt. Faults begin with the first sequence of the block.

    Raises:
        ValueError: if there is no such kind or strength, or the network has no such layers.
    """
    if kind not in KINDS:
        raise ValueError(f"faults: no kind {kind!r}; there are {', '.join(KINDS)}")
    undo = KINDS[kind](network, strength, seed)
    if not undo:
        raise ValueError(f"faults: the network has no layer for {kind!r}")
    try:
        yield
    finally:
        for step in undo:
            step()


def _neurons(network: nn.Module) -> list[tuple[str, Neuron]]:
    return [(name, each) for name, each in network.named_modules() if isinstance(each, Neuron)]


def _seed(seed: int, name: str) -> int:
    return generator(torch.device("cpu"), seed, name).initial_seed()


def _changed(fault: Any, module: Neuron, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    fault.step_mode = str(module.step_mode)
    return (fault(inputs[0]), *inputs[1:])


def _dropped(fault: Any, module: Neuron, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
    fault.step_mode = str(module.step_mode)
    dropped: Tensor = fault(output)
    return dropped
