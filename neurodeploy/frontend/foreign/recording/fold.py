"""The folding of a recorded run over time: calls that all steps make alike become one node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor, nn

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.calls import INPUT
from neurodeploy.frontend.foreign.recording.calls import Call, Recording, Ref
from neurodeploy.frontend.foreign.recording.leaves import Leaf
from neurodeploy.frontend.foreign.recording.nodes import Node
from neurodeploy.frontend.foreign.recording.values import (
    BATCH,
    SAMPLE,
    TIME,
    Buffer,
    Fixed,
    Form,
    Known,
    Opaque,
    Value,
)

Rule = Callable[["Fold", Call], Known | Sequence[Known]]


class Fold:
    """The values of a run so far, and the nodes that they belong to."""

    def __init__(self, recording: Recording, leaves: dict[str, Leaf], time: int | None) -> None:
        self.recording, self.leaves = recording, leaves
        self.nodes: dict[str, Node] = {INPUT: Node(INPUT, INPUT, ())}
        self.values: dict[int, Known] = {}
        # How often a layer was called with a value, and what a function of values is called.
        self.counts: dict[tuple[str, str], int] = {}
        self.names: dict[tuple[Any, ...], str] = {}
        # The shapes of samples that were multiplied as matrices, by their node.
        self.inner: dict[str, tuple[int, ...]] = {}
        self.steps = 0
        self.left_out: list[str] = []
        # Whether something behind the output was left out.
        self.ended = False
        self._enter(time)

    def run(self, function_rule: Rule, module_rule: Rule) -> None:
        """Follow all calls."""
        for at, call in enumerate(self.recording.calls):
            results = self._results(call, module_rule if call.is_module else function_rule, at)
            # What is returned twice is what it is first.
            pairs = list(zip(call.results, results, strict=False))
            self.values.update(reversed(pairs))
            for name, number in call.kept.items():
                self.values.setdefault(number, _unshown(call, name, at))

    def value(self, ref: Any) -> Known:
        """Return the value of a reference."""
        if isinstance(ref, Ref):
            fixed = self.recording.fixed.get(ref.number)
            return Fixed(fixed) if fixed is not None else self.values[ref.number]
        raise TypeError(f"{type(ref).__name__} is not a value of the run")

    def shape(self, ref: Ref) -> tuple[int, ...]:
        """Return the shape of a value."""
        return self.recording.shapes[ref.number]

    def node(
        self,
        key: tuple[Any, ...],
        name: str,
        inputs: tuple[str, ...],
        build: Callable[[], nn.Module] | None = None,
        function: str = "module",
    ) -> Node:
        """Return the node of this key, a new one at its first call."""
        if key not in self.names:
            unique, count = name, 1
            while unique in self.nodes:
                count += 1
                unique = f"{name}_{count}"
            self.names[key] = unique
            self.nodes[unique] = Node(unique, function, inputs, build)
        return self.nodes[self.names[key]]

    def derived(self, value: Value, name: str, build: Callable[[], nn.Module], *key: Any) -> Value:
        """Return a value that a layer without weights makes of another one."""
        node = self.node((name, value.node, *key), name, (value.node,), build)
        return self.at(value.of(node.name))

    def at(self, value: Value) -> Value:
        """Return the value, whose node is known to be there at its step."""
        if value.form is Form.STEP:
            self.nodes[value.node].steps.add(value.step)
        elif value.form is Form.WHOLE:
            self.nodes[value.node].steps.update(range(self.steps))
        return value

    def lasts(self, steps: int) -> None:
        """Note the number of steps.

        Raises:
            UnsupportedLayerError: if there were others before.
        """
        if self.steps and steps != self.steps:
            raise UnsupportedLayerError(
                f"it runs {self.steps} steps and {steps} steps, which are two time scales",
                remedy="let every layer run in every step",
            )
        self.steps = steps

    def _enter(self, time: int | None) -> None:
        """Give the inputs their values: one input with an axis of time or none, or one a step."""
        numbers = self.recording.inputs
        axes = len(self.recording.shapes[numbers[0]])
        if len(numbers) > 1:
            self.lasts(len(numbers))
            for step, number in enumerate(numbers):
                value = Value(INPUT, (BATCH, *[SAMPLE] * (axes - 1)), Form.STEP, step)
                self.values[number] = self.at(value)
        elif time is None:
            self.values[numbers[0]] = Value(INPUT, (BATCH, *[SAMPLE] * (axes - 1)), Form.STILL)
        else:
            rest = [SAMPLE] * (axes - 2)
            order = [BATCH, *rest]
            order.insert(time, TIME)
            self.lasts(self.recording.shapes[numbers[0]][time])
            self.values[numbers[0]] = self.at(Value(INPUT, tuple(order), Form.WHOLE))

    def _results(self, call: Call, rule: Rule, at: int) -> Sequence[Known]:
        read = [self.value(ref) for ref in call.refs]
        for value in read:
            if isinstance(value, Opaque):
                return [value] * len(call.results)
        try:
            results = rule(self, call)
        except UnsupportedLayerError as error:
            where = f"{call.line}: {error.message}" if call.line else error.message
            refusal = UnsupportedLayerError(where, remedy=error.remedy)
            return [Opaque(refusal, at)] * len(call.results)
        return results if isinstance(results, Sequence) else [results] * len(call.results)

    def expect(self, node: Node, value: Value, tensor: Tensor) -> None:
        """Note what the foreign module returned, with time and batch first if it is whole."""
        if value.form is Form.STEP:
            node.expected[value.step] = tensor
        elif value.form is Form.WHOLE:
            for step, part in enumerate(sequence_first(value, tensor, self.steps)):
                node.expected[step] = part


def _unshown(call: Call, name: str, at: int) -> Opaque:
    """Return the value of a state that no neurons of ours show."""
    words = f"{call.name}.{name} is read, a state that has no layer of ours"
    return Opaque(UnsupportedLayerError(words, remedy="return the spikes, or a voltage"), at)


def sequence_first(value: Value, tensor: Tensor, steps: int) -> Tensor:
    """Return a whole sequence as (T, N, ...)."""
    axes = value.axes
    if axes[0] == "TN":
        return tensor.reshape(steps, -1, *tensor.shape[1:])
    if axes[0] == "NT":
        return tensor.reshape(-1, steps, *tensor.shape[1:]).transpose(0, 1)
    order = [axes.index(TIME), axes.index(BATCH)]
    rest = [index for index in range(len(axes)) if index not in order]
    return tensor.permute(*order, *rest)


def buffer_value(buffer: Buffer, steps: int) -> Value | None:
    """Return the sequence that a filled buffer is, or None if steps are missing."""
    first = buffer.steps[0]
    wired = all(v.of(v.node) == v and v.node == first.node for v in buffer.steps)
    whole = [value.step for value in buffer.steps] == list(range(steps))
    if not (wired and whole and first.form is Form.STEP):
        return None
    axes = list(first.axes)
    axes.insert(buffer.axis, TIME)
    return Value(first.node, tuple(axes), Form.WHOLE)
