"""A layer of neurons, ready to run: by a compiled step if there is one, else by torch's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from neurodeploy.program import Neuron
from neurodeploy.program.ranges import LayerRange
from neurodeploy.simulator.carrier import CarriedStep, carried_step
from snncore.dynamics.rewriting.simplify import simplified
from snncore.kernels.cpp.integer import CompiledStep, integer_step

States = tuple[Tensor, ...]


class LayerRun(Protocol):
    """The interface of a layer that runs through a sequence."""

    @property
    def kind(self) -> torch.dtype:
        """The type that carries the states."""

    def run(
        self, drives: Sequence[Tensor], states: States, keep: Mapping[str, Tensor]
    ) -> tuple[Tensor, States]:
        """Return spikes (T, N, ...) and the next states; record in `keep` what every step shows."""


@dataclass(frozen=True)
class TorchLayer:
    """The step in torch, one operation after the other."""

    carried: CarriedStep
    parameters: Mapping[str, Any]
    names: tuple[str, ...]
    graded: bool = False

    @property
    def kind(self) -> torch.dtype:
        """The type that carries the states."""
        return self.carried.kind

    def run(
        self, drives: Sequence[Tensor], states: States, keep: Mapping[str, Tensor]
    ) -> tuple[Tensor, States]:
        """Return spikes (T, N, ...) and the next states; record in `keep` what every step shows."""
        drive, *_ = carried = [each.to(self.kind) for each in drives]
        prepared = self.carried.prepare(*carried, **self.parameters)
        sent = self.kind if self.graded else torch.float32
        spikes = torch.empty(drive.shape, dtype=sent, device=drive.device)
        for step in range(drive.shape[0]):
            inputs = [value[step] for value in prepared]
            *following, spikes[step] = self.carried.step(*states, *inputs, **self.parameters)
            states = tuple(_full(value, drive[step]) for value in following)
            for name, value in zip(self.names, states, strict=True):
                if name in keep:
                    keep[name][step] = value
        keep["s"].copy_(spikes)
        return spikes, states


@dataclass(frozen=True)
class CompiledLayer:
    """The step in C++, with one call per sequence."""

    compiled: CompiledStep
    parameters: Mapping[str, Tensor]
    # The spikes of the last call, whose memory the next call reuses: fresh memory costs page
    # faults.
    last: list[Tensor] = field(default_factory=list)

    @property
    def kind(self) -> torch.dtype:
        """The type that carries the states."""
        return self.compiled.kind

    def run(
        self, drives: Sequence[Tensor], states: States, keep: Mapping[str, Tensor]
    ) -> tuple[Tensor, States]:
        """Return spikes (T, N, ...) and the next states; record in `keep` what every step shows."""
        (drive,) = drives
        if not self.last or self.last[0].shape != drive.shape:
            self.last[:] = [torch.empty(drive.shape, dtype=torch.float32)]
        self.compiled.run(drive, states, self.parameters, keep, self.last[0])
        return self.last[0], states


def torch_layer(node: Neuron, proved: LayerRange, device: torch.device) -> TorchLayer:
    """Return the layer in torch.

    Raises:
        ValidationError: if no type holds its integers.
    """
    carried = carried_step(node, proved)
    parameters: dict[str, Any] = {}
    for key, value in node.parameters.items():
        # A single number stays a number, which torch fuses into the operation.
        tensor = torch.from_numpy(value.copy()).to(device, carried.kind)
        parameters[key] = int(value.reshape(-1)[0]) if value.size == 1 else tensor
    return TorchLayer(carried, parameters, node.equations.states, node.graded)


def compiled_layer(node: Neuron, proved: LayerRange) -> CompiledLayer | None:
    """Return the layer in C++, or None if this machine cannot compile it."""
    equations = simplified(node.integer_equations, proved.operations)
    largest = max(value.largest() for value in proved.operations)
    varied = [key for key, value in node.parameters.items() if value.size > 1]
    compiled = integer_step(equations, largest, varied)
    if compiled is None:
        return None
    parameters = {
        key: torch.from_numpy(value.copy()).to(compiled.kind)
        for key, value in node.parameters.items()
        if key in compiled.equations.parameters
    }
    return CompiledLayer(compiled, parameters)


def _full(value: Any, like: Tensor) -> Tensor:
    """Return a state as a full tensor; one that no input reaches may be a number or smaller."""
    if isinstance(value, Tensor):
        return value.expand_as(like)
    return torch.full_like(like, value)
