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
from snncore.kernels.cpp.integer import CompiledStep, Parameters, integer_step
from snncore.kernels.cpp.products import in_memory

States = tuple[Tensor, ...]


class LayerRun(Protocol):
    """The interface of a layer that runs through a sequence."""

    @property
    def kind(self) -> torch.dtype:
        """The type that carries the states."""

    @property
    def adds(self) -> bool:
        """Whether the layer adds the values that drive it."""

    def run(
        self, drives: Sequence[Tensor], states: States, keep: Mapping[str, Tensor]
    ) -> tuple[Tensor, States]:
        """Return spikes (T, N, ...) and the next states; record in `keep` what every step shows.

        There are no states before the first step.
        """

    def restored(self, values: Sequence[Tensor]) -> States:
        """Return states that `run` goes on from, of these integers (N, ...)."""


@dataclass(frozen=True)
class TorchLayer:
    """The step in torch, one operation after the other."""

    carried: CarriedStep
    parameters: Mapping[str, Any]
    names: tuple[str, ...]
    graded: bool = False
    adds: bool = False

    @property
    def kind(self) -> torch.dtype:
        """The type that carries the states."""
        return self.carried.kind

    def run(
        self, drives: Sequence[Tensor], states: States, keep: Mapping[str, Tensor]
    ) -> tuple[Tensor, States]:
        """Return spikes (T, N, ...) and the next states; record in `keep` what every step shows."""
        drive, *_ = carried = [each.to(self.kind) for each in drives]
        states = states or tuple(torch.zeros_like(drive[0]) for _ in self.names)
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

    def restored(self, values: Sequence[Tensor]) -> States:
        """Return states that `run` goes on from, of these integers (N, ...)."""
        return tuple(value.to(self.kind) for value in values)


@dataclass(frozen=True)
class CompiledLayer:
    """The step in C++, with one call per sequence."""

    compiled: CompiledStep
    parameters: Mapping[str, Tensor]
    adds: bool = True
    # By the shape of a batch: the parameters of each of its neurons.
    spread: dict[tuple[int, ...], Parameters] = field(default_factory=dict)

    @property
    def kind(self) -> torch.dtype:
        """The type that carries the states."""
        return self.compiled.kind

    def run(
        self, drives: Sequence[Tensor], states: States, keep: Mapping[str, Tensor]
    ) -> tuple[Tensor, States]:
        """Return spikes (T, N, ...) and the next states; record in `keep` what every step shows."""
        ordered = [in_memory(each).to(self.compiled.drive).contiguous() for each in drives]
        shape = ordered[0].shape[1:]
        names = self.compiled.equations.states
        states = states or tuple(torch.zeros(shape, dtype=self.kind) for _ in names)
        places = {key: in_memory(value) for key, value in keep.items()}
        self.compiled.run(ordered, states, self._parameters(shape), places)
        return keep["s"], states

    def restored(self, values: Sequence[Tensor]) -> States:
        """Return states that `run` goes on from, of these integers (N, ...)."""
        return tuple(in_memory(value[None])[0].to(self.kind).contiguous() for value in values)

    def _parameters(self, shape: tuple[int, ...]) -> Parameters:
        if shape not in self.spread:
            self.spread.clear()
            ordered = {
                key: _ordered(value, shape) if value.numel() > 1 else value
                for key, value in self.parameters.items()
            }
            self.spread[shape] = self.compiled.arranged(ordered, shape)
        return self.spread[shape]


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


def compiled_layer(
    node: Neuron, proved: LayerRange, terms: int | None = None, *, build: bool = True
) -> CompiledLayer | None:
    """Return the layer in C++, or None if this machine cannot compile it.

    `terms` is the largest magnitude of the drive's partial sums, by default of the drive. Without
    `build`, a machine can only do what it compiled before.
    """
    equations = simplified(node.integer_equations, proved.operations)
    largest = max(value.largest() for value in proved.operations)
    varied = [key for key, value in node.parameters.items() if value.size > 1]
    if terms is None:
        terms = proved.drive.largest()
    drive = torch.int32 if terms < 1 << 31 else torch.float64
    compiled = integer_step(equations, largest, varied, drive, build=build)
    if compiled is None:
        return None
    parameters = {
        key: torch.from_numpy(value.copy()).to(compiled.kind)
        for key, value in node.parameters.items()
        if key in compiled.equations.parameters
    }
    return CompiledLayer(compiled, parameters)


def _ordered(value: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return a parameter of each neuron of a batch, whose shape is that in memory."""
    if len(shape) == 4 and value.ndim > 0:
        value = value.reshape((1,) * (3 - value.ndim) + value.shape).permute(1, 2, 0)
    return value.expand(shape)


def _full(value: Any, like: Tensor) -> Tensor:
    """Return a state as a full tensor; one that no input reaches may be a number or smaller."""
    if isinstance(value, Tensor):
        return value.expand_as(like)
    return torch.full_like(like, value)
