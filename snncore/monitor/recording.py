"""Monitors of a network's neurons, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from snncore.neuron import Neuron


class Recording(Mapping[str, Mapping[str, Tensor]]):
    """Spikes `s` and states of each neuron layer by its name in the network, (T, N, ...)."""

    def __init__(self, neurons: Mapping[str, Neuron]) -> None:
        self._neurons = neurons
        self._closed: dict[str, dict[str, Tensor]] = {}

    def __getitem__(self, name: str) -> Mapping[str, Tensor]:
        if name in self._closed:
            return self._closed[name]
        record = self._neurons[name].record or {}
        return {key: torch.stack(values) for key, values in record.items()}

    def __iter__(self) -> Iterator[str]:
        return iter(self._neurons)

    def __len__(self) -> int:
        return len(self._neurons)

    def close(self) -> None:
        """Keep the states so far and stop recording."""
        self._closed = {name: dict(self[name]) for name in self._neurons}
        for neuron in self._neurons.values():
            neuron.record = None


@contextmanager
def record(network: nn.Module) -> Iterator[Recording]:
    """Record every neuron layer's spikes and states within this block."""
    neurons = {
        name: module for name, module in network.named_modules() if isinstance(module, Neuron)
    }
    for neuron in neurons.values():
        neuron.record = {}
    recording = Recording(neurons)
    try:
        yield recording
    finally:
        recording.close()
