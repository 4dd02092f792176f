"""Layers that never fire, and the thresholds with which they would."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from snncore import functional
from snncore.dynamics import Equations
from snncore.dynamics.sent import sends_spikes
from snncore.neuron import Neuron


class SilenceWarning(UserWarning):
    """A layer of neurons never fires, so that nothing behind it can learn or be proved."""


@dataclass(frozen=True)
class Silence:
    """A layer that never fired, its lowest threshold, and the highest voltage that it reached.

    Both are None for neurons that have no threshold or no voltage of these names.
    """

    layer: str
    threshold: float | None
    highest: float | None

    def sentence(self) -> str:
        """Return what is wrong and what would change it."""
        silent = f"{self.layer}: never fires on the samples"
        if self.threshold is None or self.highest is None:
            return f"{silent} (use larger weights, or a bias)"
        reaches = f"{silent}: its voltage reaches {self.highest:.3g} of {self.threshold:.3g}"
        if self.highest <= 0:
            return f"{reaches} (use larger weights or a bias: no threshold above zero helps)"
        growth = self.threshold / self.highest
        return (
            f"{reaches} (a threshold of at most {self.highest:.3g}, or weights "
            f"{growth:.3g} times as large, would let it fire)"
        )


@torch.no_grad()
def silent_layers(network: nn.Module, samples: Tensor) -> tuple[Silence, ...]:
    """Return the layers of neurons that never fire on samples (T, N, ...), in their order."""
    training = network.training
    network.eval()
    neurons = _neurons(network)
    try:
        with _counted(neurons) as fired:
            _run(network, samples)
        silent = [name for name in neurons if name in fired and not fired[name]]
        if not silent:
            return ()
        for name in silent:
            neurons[name].record = {}
        _run(network, samples)
        return tuple(_silence(name, neurons[name]) for name in silent)
    finally:
        for neuron in neurons.values():
            neuron.record = None
        network.train(training)


def warn_of_silence(network: nn.Module, samples: Tensor, stacklevel: int = 2) -> None:
    """Warn of each layer that never fires on the samples."""
    _warn(silent_layers(network, samples), stacklevel + 1)


@contextmanager
def watch_silence(network: nn.Module, *, batches: int = 20) -> Iterator[None]:
    """Warn, while a network trains within this block, of layers silent in so many batches.

    A layer is named once. Its voltages are looked at in the last of these batches alone, so that
    training is not slower otherwise.
    """
    watches = [_Watched(name, neuron, batches) for name, neuron in _neurons(network).items()]
    try:
        yield
    finally:
        for watched in watches:
            watched.close()


class _Watched:
    """A layer until it has fired, or was silent for long enough."""

    def __init__(self, name: str, neuron: Neuron, batches: int) -> None:
        self.name, self.neuron, self.left = name, neuron, batches
        self.mine = False
        before = neuron.register_forward_pre_hook(self._before)
        self.hooks = [before, neuron.register_forward_hook(self._after)]

    def _before(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        self.mine = self.left == 1 and self.neuron.record is None
        if self.mine:
            self.neuron.record = {}

    def _after(self, module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        self.left -= 1
        fires = bool((output.detach() != 0).any())
        if not fires and self.left <= 0:
            _warn([_silence(self.name, self.neuron)], 2)
        if self.mine:
            self.neuron.record = None
        if fires or self.left <= 0:
            self.close()

    def close(self) -> None:
        """Stop watching."""
        for hook in self.hooks:
            hook.remove()


def _warn(silences: Iterable[Silence], stacklevel: int) -> None:
    for silence in silences:
        warnings.warn(silence.sentence(), SilenceWarning, stacklevel=stacklevel + 1)


def _neurons(network: nn.Module) -> dict[str, Neuron]:
    """Return the neurons by the name of their layer: a block is one layer."""
    return {
        name.removesuffix(".neuron") or name: module
        for name, module in network.named_modules()
        if isinstance(module, Neuron) and _fires(module)
    }


def _fires(neuron: Neuron) -> bool:
    """Return whether neurons send spikes, and not their voltages."""
    equations: Equations | None = getattr(neuron, "equations", None)
    return equations is None or sends_spikes(equations)


@contextmanager
def _counted(neurons: Mapping[str, Neuron]) -> Iterator[dict[str, bool]]:
    """Yield, for each layer that is called within this block, whether it has fired."""
    fired: dict[str, bool] = {}
    hooks = []
    for name, neuron in neurons.items():

        def note(module: nn.Module, inputs: Any, output: Tensor, name: str = name) -> None:
            fired[name] = fired.get(name, False) or bool((output != 0).any())

        hooks.append(neuron.register_forward_hook(note))
    try:
        yield fired
    finally:
        for hook in hooks:
            hook.remove()


def _run(network: nn.Module, samples: Tensor) -> None:
    functional.reset(network)
    network(samples)
    functional.reset(network)


def _silence(name: str, neuron: Neuron) -> Silence:
    """Return how far a layer that did not fire was from its threshold."""
    threshold, voltages = getattr(neuron, "threshold", None), (neuron.record or {}).get("v", [])
    lowest = None if threshold is None else float(torch.as_tensor(threshold).detach().min())
    highest = max((float(value.max()) for value in voltages), default=None)
    start = getattr(neuron, "v_start", None)
    if highest is not None and start is not None:
        # A chip's register holds the distance from where the voltage starts.
        highest += float(torch.as_tensor(start).detach().max())
    return Silence(name, lowest, highest)
