"""The reduced modules: plain torch, inference only, each layer reduced to its core.

This is the one module of the target that imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Shape
from neurodeploy.program import Arithmetic, Conv2d, Dense, Input, MaxPool2d, Neuron, Node, Selection
from targets.lynxi.reduced.certificate import UNIT, terms
from targets.lynxi.reduced.forms import LayerValues, Words, one_step, unrolled
from targets.lynxi.reduced.names import identifiers
from targets.lynxi.reduced.plan import NetworkPlan, PlanPart
from targets.lynxi.reduced.recipe import Numbers


class WeightCore(nn.Module):
    """The core of a layer of weights: one convolution or one product."""

    weight: Tensor

    def __init__(self, part: PlanPart) -> None:
        super().__init__()
        assert isinstance(part.node, Dense | Conv2d)
        self.node, self.part = part.node, part
        self.register_buffer("weight", _half(part.node.weight))

    def forward(self, x: Tensor) -> Tensor:
        """Return the weighted sums."""
        weight = self.weight.to(torch.float32) if self.part.single else self.weight
        node = self.node
        if isinstance(node, Conv2d):
            return nn.functional.conv2d(
                x, weight, None, node.stride, node.padding, node.dilation, node.groups
            )
        total = nn.functional.linear(x, weight)
        if self.part.recipe is None:
            return total
        return self.part.recipe.run(_Arithmetic({}), {}, total)[1]

    def extra_repr(self) -> str:
        """Return the text that torch prints for the module."""
        return f"{tuple(self.weight.shape)}, {_width(self.part.single)}"


class Neurons(nn.Module):
    """The core of a layer of neurons: one step, states in and out."""

    def __init__(self, part: PlanPart) -> None:
        super().__init__()
        assert part.recipe is not None
        self.recipe, self.states, self.single = part.recipe, part.states, part.single
        self.constants = identifiers(self.recipe.constants)
        self.powers: dict[str, list[int]] = {}
        for name, value in self.recipe.constants.items():
            self.powers[name] = [term.power for term in terms(value)]
            for number, term in enumerate(terms(value)):
                label = f"{self.constants[name]}_{number}"
                self.register_buffer(label, torch.from_numpy(term.numbers))

    def forward(self, x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """Return the spikes and the next states."""
        values = dict(zip(self.states, states, strict=True))
        following, spikes = self.recipe.run(_Arithmetic(self._constants()), values, x)
        if self.single:
            spikes = spikes.to(torch.float16)
        return spikes, *(following[name] for name in self.states)

    def extra_repr(self) -> str:
        """Return the text that torch prints for the module."""
        return f"{len(self.recipe.steps)} steps, {_width(self.single)}"

    def _constants(self) -> dict[str, Tensor]:
        """Return the constants, in float32 if the sums are."""
        return {name: self._constant(name) for name in self.constants}

    def _constant(self, name: str) -> Tensor:
        label = self.constants[name]
        first = self.get_buffer(f"{label}_0")
        if not self.single:
            return first
        total: Tensor | None = None
        for number, power in enumerate(self.powers[name]):
            term = self.get_buffer(f"{label}_{number}").to(torch.float32)
            for _ in range(power):
                term = term * UNIT
            total = term if total is None else total + term
        return first if total is None else total


class _Arithmetic:
    """A recipe's words on tensors."""

    def __init__(self, constants: Mapping[str, Tensor]) -> None:
        self.constants = constants

    def constant(self, name: str, value: Numbers) -> Tensor:
        """Return a buffer, or a number, which torch accepts in place of a tensor."""
        return cast(Tensor, self.constants[name] if name else float(value))

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the sum."""
        return a + b

    def subtract(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the difference."""
        return a - b

    def multiply(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the product."""
        return a * b

    def at_least(self, a: Tensor, b: Tensor) -> Tensor:
        """Return 1 where the first is at least the second, else 0."""
        return torch.ge(a, b).to(a.dtype)


# The module of a part that has its own numbers.
_MODULE = KindTable[[PlanPart], nn.Module | None]("the modules of a reduced network")


@_MODULE.register(Dense, Conv2d)
def _weights(node: Node, part: PlanPart) -> nn.Module | None:
    return WeightCore(part)


@_MODULE.register(Neuron)
def _neurons(node: Node, part: PlanPart) -> nn.Module | None:
    return Neurons(part)


@_MODULE.register(Input, Selection, Arithmetic)
def _without_numbers(node: Node, part: PlanPart) -> nn.Module | None:
    return None


class _Reduced(nn.Module, Words[Tensor]):
    """The base of both forms: the layers, and torch's words."""

    def __init__(self, plan: NetworkPlan) -> None:
        super().__init__()
        self.plan = plan
        self.labels = identifiers(part.name for part in plan.parts)
        self.layers = nn.ModuleDict()
        for part in plan.parts:
            module = _MODULE(part.node, part)
            if module is not None:
                self.layers[self.labels[part.name]] = module
        self.requires_grad_(False).eval()

    def spell(self, part: PlanPart) -> _Arithmetic:
        """Return a recipe's words; a layer's own constants are in its module."""
        return _Arithmetic({})

    def weigh(self, part: PlanPart, x: Tensor) -> Tensor:
        """Return the weighted sums."""
        total: Tensor = self.layers[self.labels[part.name]](x)
        return total

    def pool(self, part: PlanPart, x: Tensor) -> Tensor:
        """Return the largest value of every window."""
        node = part.node
        assert isinstance(node, MaxPool2d)
        return nn.functional.max_pool2d(x, node.kernel, node.stride, node.padding)

    def flatten(self, x: Tensor) -> Tensor:
        """Return the value with all axes but the first as one."""
        return x.flatten(1)

    def reshape(self, x: Tensor, shape: Shape) -> Tensor:
        """Return the values in C order in another shape."""
        return x.reshape(-1, *shape)

    def permute(self, x: Tensor, order: Sequence[int]) -> Tensor:
        """Return the values with the axes in this order."""
        return x.permute(0, *(axis + 1 for axis in order))

    def slice(self, x: Tensor, axis: int, part: slice) -> Tensor:
        """Return a part of an axis."""
        return x[(slice(None),) * (axis + 1) + (part,)]

    def concat(self, values: Sequence[Tensor], axis: int) -> Tensor:
        """Return several values, one after another along an axis."""
        return torch.cat(list(values), axis + 1)

    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the matrix products over the last two axes."""
        return torch.matmul(x, y)

    def nothing(self, x: Tensor) -> Tensor:
        """Return zeros in the shape and the type of a value."""
        return x - x

    def widen(self, x: Tensor) -> Tensor:
        """Return the same values in float32."""
        return x.to(torch.float32)

    def narrow(self, x: Tensor) -> Tensor:
        """Return the same values in float16."""
        return x.to(torch.float16)

    def split(self, x: Tensor, steps: int) -> Sequence[Tensor]:
        """Return the rows of each step."""
        rows: Sequence[Tensor] = torch.split(x, x.shape[0] // steps)
        return rows

    def join(self, rows: Sequence[Tensor]) -> Tensor:
        """Return the rows of all steps."""
        return torch.cat(list(rows))

    def step(
        self, part: PlanPart, states: Mapping[str, Tensor], x: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        """Return the states and spikes after one step of a layer of neurons."""
        before = [states[name] for name in part.states]
        spikes, *following = self.layers[self.labels[part.name]](x, *before)
        return dict(zip(part.states, following, strict=True)), spikes


class Unrolled(_Reduced):
    """All steps in one graph: (T * N, ...) in, the output layer's spikes out."""

    def __init__(self, plan: NetworkPlan, steps: int) -> None:
        super().__init__(plan)
        self.steps = steps

    def forward(self, x: Tensor) -> Tensor:
        """Return the output layer's spikes (T * N, ...)."""
        return self.every_layer(x)[self.plan.program.output].spikes

    def every_layer(self, x: Tensor) -> dict[str, LayerValues[Tensor]]:
        """Return spikes and states of every layer of neurons."""
        if x.shape[0] % self.steps:
            raise ValueError(f"{x.shape[0]} rows are not a multiple of {self.steps} steps")
        return unrolled(self, self.plan, x, self.steps)


class OneStep(_Reduced):
    """One step: (N, ...) and every state in, the output layer's spikes and every state out."""

    @property
    def state_names(self) -> tuple[str, ...]:
        """The states in the order in which they are given and returned."""
        return tuple(f"{part.name}.{key}" for part in self.plan.layers for key in part.states)

    def at_rest(self, count: int) -> tuple[Tensor, ...]:
        """Return the states of `count` samples before the first step."""
        return tuple(
            torch.zeros((count, *part.shape), dtype=torch.float32 if part.single else torch.float16)
            for part in self.plan.layers
            for _ in part.states
        )

    def forward(self, x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """Return the output layer's spikes and the next states."""
        remaining = iter(states)
        before = {
            part.name: {key: next(remaining) for key in part.states} for part in self.plan.layers
        }
        layers = one_step(self, self.plan, x, before)
        following = (
            layers[part.name].states[0][key] for part in self.plan.layers for key in part.states
        )
        return layers[self.plan.program.output].spikes, *following


def run_unrolled(
    plan: NetworkPlan, rows: NDArray[np.float16], steps: int
) -> dict[str, LayerValues[NDArray[Any]]]:
    """Return the unrolled form's result for rows (T * N, ...), as arrays."""
    with torch.no_grad():
        layers = Unrolled(plan, steps).every_layer(torch.from_numpy(rows))
    return {
        name: LayerValues(
            layer.spikes.numpy(),
            tuple({key: value.numpy() for key, value in row.items()} for row in layer.states),
        )
        for name, layer in layers.items()
    }


def _width(single: bool) -> str:
    return "float32" if single else "float16"


def _half(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float16))
