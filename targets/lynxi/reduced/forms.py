"""The two forms of the reduced network, defined once: T steps unrolled, and one step.

A form is expressed in abstract operations; torch, TorchScript and ONNX each spell them. Tensors are
(T * N, ...) with the rows of a step together, of rank 4 at most; nothing is changed in place.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Generic

import numpy as np

from neurodeploy.data.network.dispatch import KindTable
from neurodeploy.data.structure import Shape
from neurodeploy.program import (
    Arithmetic,
    Conv2d,
    Dense,
    Flatten,
    MaxPool2d,
    Neuron,
    Node,
    Selection,
)
from targets.lynxi.reduced.branch import Branch, branches_of
from targets.lynxi.reduced.plan import NetworkPlan, PlanPart
from targets.lynxi.reduced.recipe import Language, Value

# The number of steps for which a layer alone is driven.
WORST_STEPS = 4


class Words(ABC, Generic[Value]):
    """The operations of a language on a whole network.

    The rows come before the axes and shapes that `reshape` and the words after it speak of.
    """

    @abstractmethod
    def spell(self, part: PlanPart) -> Language[Value]:
        """Return the language in which a part's recipe is spelled."""

    @abstractmethod
    def weigh(self, part: PlanPart, x: Value) -> Value:
        """Return the weighted sums of a layer of weights, in its own width."""

    @abstractmethod
    def pool(self, part: PlanPart, x: Value) -> Value:
        """Return the largest value of every window."""

    @abstractmethod
    def flatten(self, x: Value) -> Value:
        """Return the value with all axes but the first as one."""

    @abstractmethod
    def reshape(self, x: Value, shape: Shape) -> Value:
        """Return the values in C order in another shape."""

    @abstractmethod
    def permute(self, x: Value, order: Sequence[int]) -> Value:
        """Return the values with the axes in this order."""

    @abstractmethod
    def slice(self, x: Value, axis: int, part: slice) -> Value:
        """Return a part of an axis."""

    @abstractmethod
    def concat(self, values: Sequence[Value], axis: int) -> Value:
        """Return several values, one after another along an axis."""

    @abstractmethod
    def matmul(self, x: Value, y: Value) -> Value:
        """Return the matrix products over the last two axes."""

    @abstractmethod
    def nothing(self, x: Value) -> Value:
        """Return zeros in the shape and the type of a value."""

    def pad(self, x: Value, axis: int, count: int) -> Value:
        """Return the values and so many zeros behind them, for an axis of length one."""
        return self.concat([x, *[self.nothing(x)] * count], axis)

    @abstractmethod
    def widen(self, x: Value) -> Value:
        """Return the same values in float32."""

    @abstractmethod
    def narrow(self, x: Value) -> Value:
        """Return the same values in float16."""

    @abstractmethod
    def split(self, x: Value, steps: int) -> Sequence[Value]:
        """Return the rows of each step."""

    @abstractmethod
    def join(self, rows: Sequence[Value]) -> Value:
        """Return the rows of all steps."""

    def step(
        self, part: PlanPart, states: Mapping[str, Value], x: Value
    ) -> tuple[dict[str, Value], Value]:
        """Return the states and the float16 spikes after one step of a layer of neurons."""
        assert part.recipe is not None
        following, spikes = part.recipe.run(self.spell(part), states, x)
        return following, self.narrow(spikes) if part.single else spikes


@dataclass(frozen=True)
class LayerValues(Generic[Value]):
    """The result of a layer of neurons: spikes, and states after each step."""

    spikes: Value
    states: tuple[Mapping[str, Value], ...]


def unrolled(
    words: Words[Value], plan: NetworkPlan, x: Value, steps: int
) -> dict[str, LayerValues[Value]]:
    """Return every layer of neurons over all steps, from rest."""
    values: dict[str, Value] = {}
    layers: dict[str, LayerValues[Value]] = {}
    for part in plan.parts:
        if not isinstance(part.node, Neuron):
            values[part.name] = _combined(words, plan, part, values, x)
            continue
        rows = words.split(_drive(words, plan, part, values), steps)
        language = words.spell(part)
        # Zero in the shape and the type of the sums.
        states = dict.fromkeys(part.states, language.subtract(rows[0], rows[0]))
        spikes, seen = [], []
        for row in rows:
            states, fired = words.step(part, states, row)
            spikes.append(fired)
            seen.append(states)
        values[part.name] = words.join(spikes)
        layers[part.name] = LayerValues(values[part.name], tuple(seen))
    return layers


def one_step(
    words: Words[Value], plan: NetworkPlan, x: Value, states: Mapping[str, Mapping[str, Value]]
) -> dict[str, LayerValues[Value]]:
    """Return every layer of neurons after one step from the given states."""
    values: dict[str, Value] = {}
    layers: dict[str, LayerValues[Value]] = {}
    for part in plan.parts:
        if not isinstance(part.node, Neuron):
            values[part.name] = _combined(words, plan, part, values, x)
            continue
        drive = _drive(words, plan, part, values)
        following, values[part.name] = words.step(part, states[part.name], drive)
        layers[part.name] = LayerValues(values[part.name], (following,))
    return layers


def apart(
    words: Words[Value], plan: NetworkPlan, inputs: Mapping[str, Value], steps: int
) -> dict[str, tuple[dict[str, Value], LayerValues[Value]]]:
    """Return every layer of neurons alone and its sums, driven for some steps by constant sums."""
    sums: dict[str, Value] = {}
    layers: dict[str, tuple[dict[str, Value], LayerValues[Value]]] = {}
    for layer in plan.layers:
        terms, own = [], {}
        for branch in branches_of(plan, layer):
            if branch.name not in sums:
                sums[branch.name] = _alone(words, branch, inputs[branch.name])
            own[branch.name] = value = sums[branch.name]
            for part in branch.moved:
                value = _MOVED(part.node, words, part, [value])
            # A pool or a flatten is as wide as its source.
            narrow = layer.single and not is_single(branch.part)
            terms.append(words.widen(value) if narrow else value)
        language = words.spell(layer)
        drive = reduce(language.add, terms)
        states = dict.fromkeys(layer.states, language.subtract(drive, drive))
        spikes, seen = [], []
        for _ in range(steps):
            states, fired = words.step(layer, states, drive)
            spikes.append(fired)
            seen.append(states)
        layers[layer.name] = own, LayerValues(words.join(spikes), tuple(seen))
    return layers


def _alone(words: Words[Value], branch: Branch, x: Value) -> Value:
    """Return the sums of a branch for its input; values without weights are in float16."""
    if branch.synapse is None:
        return words.widen(x) if is_single(branch.part) else x
    return words.weigh(branch.part, words.widen(x) if branch.part.single else x)


def _combined(
    words: Words[Value], plan: NetworkPlan, part: PlanPart, values: Mapping[str, Value], x: Value
) -> Value:
    """Return the value of a part without states; `x` is that of the samples."""
    if not part.node.sources:
        return words.widen(x) if part.single else x
    sources = [edge.source for edge in part.node.sources]
    read = [values[source] for source in sources]
    # What moves one value is as wide as it is.
    if len(sources) > 1 or not _MOVED.knows(part.node):
        read = [_wide(words, plan, part, *pair) for pair in zip(sources, read, strict=True)]
    value: Value = _STATELESS(part.node, words, part, read)
    return value


# The value of a part without states, and of one that has no weights either, given its sources'.
_STATELESS = KindTable[[Words[Any], PlanPart, list[Any]], Any]("a reduced network")
_MOVED = KindTable[[Words[Any], PlanPart, list[Any]], Any](
    "the pools and flattens of a reduced network"
)


@_STATELESS.register(Dense, Conv2d)
def _weighed(node: Node, words: Words[Any], part: PlanPart, values: list[Any]) -> Any:
    return words.weigh(part, *values)


@_MOVED.register(MaxPool2d)
@_STATELESS.register(MaxPool2d)
def _pooled(node: Node, words: Words[Any], part: PlanPart, values: list[Any]) -> Any:
    return words.pool(part, *values)


@_MOVED.register(Flatten)
@_STATELESS.register(Flatten)
def _flattened(node: Node, words: Words[Any], part: PlanPart, values: list[Any]) -> Any:
    return words.flatten(*values)


@_MOVED.register(Selection)
@_STATELESS.register(Selection)
def _selected(node: Selection, words: Words[Any], part: PlanPart, values: list[Any]) -> Any:
    return node.spelled(words, values, part.shape)


@_STATELESS.register(Arithmetic)
def _computed(node: Arithmetic, words: Words[Any], part: PlanPart, values: list[Any]) -> Any:
    return node.spelled(_ArithmeticWords(words, words.spell(part)), values, part.shape)


@dataclass(frozen=True)
class _ArithmeticWords(Generic[Value]):
    """The words of arithmetic: those of the network, and of a recipe in the width of a part."""

    words: Words[Value]
    language: Language[Value]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.words, name)

    def add(self, x: Value, y: Value) -> Value:
        """Return the sum of each pair."""
        return self.language.add(x, y)

    def multiply(self, x: Value, y: Value) -> Value:
        """Return the product of each pair; an axis of length one is repeated."""
        return self.language.multiply(x, y)

    def complement(self, x: Value) -> Value:
        """Return one minus each value."""
        return self.language.subtract(self.language.constant("", np.asarray(1.0)), x)

    def matmul(self, x: Value, y: Value, terms: int) -> Value:
        """Return the matrix products over the last two axes."""
        return self.words.matmul(x, y)


def _drive(
    words: Words[Value], plan: NetworkPlan, part: PlanPart, values: Mapping[str, Value]
) -> Value:
    """Return the sum of everything that reaches a layer."""
    terms = [
        _wide(words, plan, part, edge.source, values[edge.source]) for edge in part.node.sources
    ]
    return reduce(words.spell(part).add, terms)


def _wide(
    words: Words[Value], plan: NetworkPlan, part: PlanPart, source: str, value: Value
) -> Value:
    """Return a value in the width of its reader."""
    return words.widen(value) if part.single and not is_single(plan.by_name[source]) else value


def is_single(part: PlanPart) -> bool:
    """Return whether a part's value is float32; spikes never are."""
    return part.single and not isinstance(part.node, Neuron)
