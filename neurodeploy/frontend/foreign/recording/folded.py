"""A folded run: the nodes that the output needs, and how the output is read from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.calls import INPUT, Calls, TracedCall
from neurodeploy.frontend.foreign.recording.calls import Recording, Ref, refs_in
from neurodeploy.frontend.foreign.recording.feedback import FEEDBACK, collapse
from neurodeploy.frontend.foreign.recording.fold import Fold, buffer_value
from neurodeploy.frontend.foreign.recording.leaves import Leaf
from neurodeploy.frontend.foreign.recording.nodes import Node
from neurodeploy.frontend.foreign.recording.rules.functions import function_rule
from neurodeploy.frontend.foreign.recording.rules.modules import module_rule
from neurodeploy.frontend.foreign.recording.rules.steps import together
from neurodeploy.frontend.foreign.recording.values import (
    TIME,
    Buffer,
    Form,
    Known,
    Opaque,
    Value,
)


class NotFoldedError(UnsupportedLayerError):
    """A run that cannot be folded; `at` is the number of the call that showed it."""

    at = 0


@dataclass(frozen=True)
class Folded:
    """A network folded over time: its nodes in order, and the value that it returns."""

    nodes: tuple[Node, ...]
    output: Value
    # The numbers of the output's tensors in the recording: one, or one a step.
    numbers: tuple[int, ...]
    steps: int
    # The axis of time in the foreign input, or None if the same input is read in every step.
    time: int | None
    outputs: int
    # How often the module was called: once, or once a step.
    calls_made: int
    left_out: tuple[str, ...]
    # Whether something behind the output was left out.
    ended: bool

    @property
    def form(self) -> tuple[Any, ...]:
        """The structure, which two runs of the same network share."""
        return (tuple(node.form for node in self.nodes), self.output.decoder, self.output.node)

    @property
    def is_whole(self) -> bool:
        """Whether the foreign layers take sequences, and not step after step."""
        return self.output.form is Form.WHOLE

    def calls(self) -> Calls:
        """Return the calls of a network that computes the same."""
        calls = [
            TracedCall(node.name, node.function, node.inputs, target)
            for node in self.nodes
            for target in [node.name if node.function == "module" else ""]
        ]
        last, decoder = self.output.node, self.output.decoder
        if decoder:
            name = decoder
            while any(node.name == name for node in self.nodes):
                name += "_"
            calls.append(TracedCall(name, decoder, (last,)))
            last = name
        return Calls(tuple(calls), last)

    def layers(self) -> dict[str, nn.Module]:
        """Return a new layer for every node that is one."""
        return {node.name: node.build() for node in self.nodes if node.build is not None}


def folded(
    recording: Recording, leaves: dict[str, Leaf], time: int | None, output: int = 0
) -> Folded:
    """Return a recorded run as a network over time.

    Raises:
        NotFoldedError: if it cannot be; names the line.
    """
    fold = Fold(recording, leaves, time)
    fold.run(function_rule, module_rule)
    try:
        value, numbers, count = _output(fold, output)
        return _finished(fold, value, numbers, count, time)
    except NotFoldedError:
        raise
    except UnsupportedLayerError as error:
        refused = NotFoldedError(error.message, remedy=error.remedy)
        refused.at = len(recording.calls)
        raise refused from error


def _output(fold: Fold, index: int) -> tuple[Value, tuple[int, ...], int]:
    """Return the value that the network returns, its numbers, and how many values it returns."""
    several = [_chosen(fold, output, index) for output in fold.recording.outputs]
    count = max(each[1] for each in several)
    if len(several) == 1:
        chosen = several[0][0]
        if isinstance(chosen, Ref):
            return _readable(fold, fold.value(chosen)), (chosen.number,), count
        refs = list(refs_in(chosen))
    else:
        refs = [ref for chosen, _ in several for ref in refs_in(chosen)]
    values = [_readable(fold, fold.value(ref)) for ref in refs]
    numbers = tuple(ref.number for ref in refs)
    return together(fold, values, (TIME, *values[0].axes)), numbers, count


def _chosen(fold: Fold, output: Any, index: int) -> tuple[Any, int]:
    """Return the chosen part of an output: a value, or a list of the steps of one layer."""
    if isinstance(output, Ref):
        return output, 1
    parts = list(output.values()) if isinstance(output, dict) else output
    if not isinstance(parts, list | tuple) or not list(refs_in(parts)):
        raise UnsupportedLayerError("the module returns nothing that depends on its input")
    refs = [part for part in parts if isinstance(part, Ref)]
    if len(refs) == len(parts) and isinstance(parts, list) and _are_steps(fold, refs):
        return parts, 1
    if index >= len(parts):
        raise UnsupportedLayerError(
            f"the module returns {len(parts)} values, and output {index} is asked for"
        )
    return _chosen(fold, parts[index], 0)[0], len(parts)


def _are_steps(fold: Fold, refs: list[Ref]) -> bool:
    values = [fold.value(ref) for ref in refs]
    return len(refs) > 1 and all(isinstance(v, Value) and v.form is Form.STEP for v in values)


def _readable(fold: Fold, value: Known) -> Value:
    if isinstance(value, Opaque):
        refused = NotFoldedError(value.error.message, remedy=value.error.remedy)
        refused.at = value.at
        raise refused
    if isinstance(value, Buffer):
        whole = buffer_value(value, len(value.steps))
        if whole is not None:
            fold.lasts(len(value.steps))
            return fold.at(whole)
    if not isinstance(value, Value):
        raise UnsupportedLayerError("the output does not depend on the input in every step")
    return value


def _finished(
    fold: Fold, value: Value, numbers: tuple[int, ...], outputs: int, time: int | None
) -> Folded:
    collapse(fold)
    nodes = tuple(_used(fold, value.node))
    if fed := [node for node in nodes if node.function == FEEDBACK]:
        raise UnsupportedLayerError(
            f"what is fed back to {fed[0].inputs[0]} drives more than spikes, such as a membrane "
            "that is returned",
            remedy="return the spikes of recurrent neurons, or use the framework's own",
        )
    steps = fold.steps or max((len(node.steps) for node in nodes), default=0)
    if not steps:
        raise UnsupportedLayerError(
            "no neurons depend on the input", remedy="convert a network with neurons"
        )
    _require_every_step(nodes, value, steps)
    value = _decoded(value, steps)
    count = len(fold.recording.inputs)
    return Folded(
        nodes, value, numbers, steps, time, outputs, count, tuple(fold.left_out), fold.ended
    )


def _require_every_step(nodes: Sequence[Node], value: Value, steps: int) -> None:
    """Check that all layers run in every step."""
    every = set(range(steps))
    at_last = value.form is Form.STEP and value.step == steps - 1
    for node in nodes:
        # What reads the last step alone is read of all steps, and the last one is taken.
        is_end = at_last and node.steps == {steps - 1} and not node.expected
        if node.steps and node.steps != every and not is_end:
            raise UnsupportedLayerError(
                f"{node.name} runs in {len(node.steps)} of {steps} steps",
                remedy="let every layer run in every step",
            )


def _decoded(value: Value, steps: int) -> Value:
    """Return the output as a sequence, or as a decoder's value of all steps.

    Raises:
        UnsupportedLayerError: if it is that of some steps.
    """
    summed = value.form is Form.SUM or (
        value.form is Form.DECODED and value.decoder != "last_value"
    )
    if summed and value.step not in (0, steps):
        raise UnsupportedLayerError(f"the output sums up {value.step} of {steps} steps")
    if value.form is Form.SUM:
        value = replace(value, form=Form.DECODED, decoder="count")
    elif value.form is Form.STEP and steps > 1:
        if value.step != steps - 1:
            raise UnsupportedLayerError(
                f"the output is step {value.step} of {steps}", remedy="return the last step, or all"
            )
        value = replace(value, form=Form.DECODED, decoder="last_value")
    elif value.form is Form.STEP:
        value = replace(value, form=Form.WHOLE, axes=(TIME, *value.axes))
    elif value.form is Form.STILL:
        raise UnsupportedLayerError("the output does not depend on time")
    return value


def _used(fold: Fold, name: str) -> Iterator[Node]:
    """Yield the nodes that a value needs, in the order of their first calls."""
    needed, pending = {INPUT}, [name]
    while pending:
        current = pending.pop()
        if current not in needed:
            needed.add(current)
            pending.extend(fold.nodes[current].inputs)
    for node in fold.nodes.values():
        if node.name in needed and node.name != INPUT:
            yield node
