"""The calls of modules: layers on a step or a sequence, and neurons with the states they keep."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.form import Taken
from neurodeploy.frontend.foreign.recording.calls import Call
from neurodeploy.frontend.foreign.recording.fold import Fold, buffer_value
from neurodeploy.frontend.foreign.recording.leaves import SPIKES, Leaf, Role
from neurodeploy.frontend.foreign.recording.nodes import Node
from neurodeploy.frontend.foreign.recording.rules.decoded import decoded, layer_before
from neurodeploy.frontend.foreign.recording.rules.rectified import rectified
from neurodeploy.frontend.foreign.recording.values import (
    BATCH,
    BOTH,
    SAMPLE,
    TIME,
    UNIT,
    Buffer,
    Fixed,
    Form,
    Known,
    Opaque,
    Start,
    Value,
)
from snncore import layer, neuron

# Layers that take sequences as they are.
_ANY = (nn.Linear, nn.Flatten, nn.Unflatten, layer.Layer)
# The words of `Taken` for decoders of ours.
_DECODERS = {"last": "last_value", "largest": "largest_value", "mean": "rate"}
_LOOP = "call every layer once a step, in the order of the steps"


def module_rule(fold: Fold, call: Call) -> Sequence[Known]:
    """Return the values that a module's call returns."""
    leaf = fold.leaves[call.name]
    if leaf.error is not None:
        raise UnsupportedLayerError(f"{leaf.path}: {leaf.error.message}", remedy=leaf.error.remedy)
    read = fold.value(call.refs[0])
    if leaf.role is Role.IDLE:
        note = f"{leaf.path} ({leaf.kind}), which does nothing after training"
        if note not in fold.left_out:
            fold.left_out.append(note)
        return [read if decoded(fold, read) else live(fold, read, leaf.path)]
    if leaf.role is Role.LAYER and isinstance(read, Fixed) and read.number == 0.0:
        return [Start(leaf.path)]
    if leaf.role is Role.LAYER and (value := decoded(fold, read)) is not None:
        return layer_before(fold, call, leaf, module_rule, value)
    value = live(fold, read, leaf.path)
    if isinstance(leaf.module, nn.ReLU) and rectified(fold, value, leaf.path):
        return [value]
    if leaf.role is Role.NEURON and leaf.taken is not None:
        return _neurons(fold, call, leaf, leaf.taken, value)
    return [_layer(fold, call, leaf, value)]


def live(fold: Fold, value: Known, name: str) -> Value:
    """Return a value that depends on the input, as it is at one time.

    Raises:
        UnsupportedLayerError: if it does not depend on it, or not as a step or a sequence does.
    """
    if isinstance(value, Buffer):
        value = buffer_value(value, fold.steps or len(value.steps)) or value
    if isinstance(value, Value) and value.form in (Form.STEP, Form.STILL, Form.WHOLE):
        return value
    words = {Form.SUM: "a sum of some steps", Form.DECODED: "a value after the last step"}
    read = words.get(value.form, "") if isinstance(value, Value) else ""
    if isinstance(value, Buffer):
        read = "a tensor in which steps are missing"
    if isinstance(value, Fixed):
        raise UnsupportedLayerError(
            f"{name} reads a value that does not depend on the input, such as one that is fed back",
            remedy="use the framework's recurrent neurons, or layer.Recurrent",
        )
    raise UnsupportedLayerError(
        f"{name} reads {read or 'a value that cannot be followed'}",
        remedy="read single steps, or the whole sequence, before they are summed up",
    )


def _layer(fold: Fold, call: Call, leaf: Leaf, value: Value) -> Value:
    """Return what a layer without states makes of a step or a sequence."""
    value = plain(fold, value, leaf.path, fold.shape(call.refs[0]))
    time = None if leaf.taken is None else leaf.taken.time
    if time is not None:
        _require_time(leaf, leaf.taken, value)
    elif value.leading != 1 and not isinstance(leaf.module, _ANY):
        # A module that has no layer of ours at all is refused for that.
        leaf.layer("s")
        raise UnsupportedLayerError(
            f"{leaf.path} ({leaf.kind}) reads a sequence, and takes time for something else",
            remedy="merge time and batch before it (x.flatten(0, 1)), or call it step by step",
        )
    ours = leaf.layer("s" if value.leading == 1 else "m")
    key = (leaf.path, value.node)
    node = fold.node(key, leaf.path, (value.node,), lambda: copy.deepcopy(ours))
    _name_source(node, leaf)
    axes = len(fold.recording.shapes[call.results[0]]) - value.leading
    return fold.at(value.of(node.name, value.shaped(axes)))


def _neurons(fold: Fold, call: Call, leaf: Leaf, form: Taken, value: Value) -> Sequence[Known]:
    """Return the spikes and the states of a layer of neurons."""
    if len(call.results) < len(form.outputs):
        raise UnsupportedLayerError(
            f"{leaf.path} ({leaf.kind}) returns {len(call.results)} values, not "
            f"{len(form.outputs)} ({', '.join(form.outputs)})"
        )
    if form.repeats:
        value = _repeated(fold, leaf, form.repeats, value)
    _require_axes(leaf, form, value)
    ours = leaf.layer("m")
    key = (leaf.path, value.node)
    node = fold.node(key, leaf.path, (value.node,), lambda: copy.deepcopy(ours))
    _name_source(node, leaf)
    node.note = form.note
    if form.time is not None:
        _require_time(leaf, form, value)
        if form.time < 0:
            # A layer that takes time last may send samples of other axes, as Flatten does.
            axes = len(fold.recording.shapes[call.results[0]]) - 2
            value = replace(value, axes=(BATCH, *[SAMPLE] * axes, TIME))
        whole, last = value, _last(value)
        if fold.counts.setdefault(key, 0):
            raise UnsupportedLayerError(
                f"{leaf.path} runs over several sequences", remedy="give each use its own neurons"
            )
        fold.counts[key] = 1
    else:
        whole = last = _next_step(fold, key, leaf, value)
        _check_states(fold, call, leaf, node, whole.step)
    return _returned(fold, call, leaf, form, node, (whole, last))


def _returned(
    fold: Fold, call: Call, leaf: Leaf, form: Taken, node: Node, read: tuple[Value, Value]
) -> Sequence[Known]:
    """Return what a call of neurons returns: spikes, and states after what was read last."""
    (whole, last), ours = read, leaf.layer("m")
    results: list[Known] = []
    for name, number in zip(form.outputs, call.results, strict=False):
        if name == SPIKES and form.decoder:
            fold.at(whole.of(node.name))
            decoder = _DECODERS[form.decoder]
            result = replace(last, node=node.name, decoder=decoder, step=fold.steps)
        elif name == SPIKES and results and form.time is not None:
            # The last spikes, among the states behind a sequence.
            result = last.of(node.name)
        elif name == SPIKES:
            result = fold.at(whole.of(node.name))
            fold.expect(node, result, fold.recording.tensors[number])
        else:
            state = _state_node(fold, leaf, node, ours, name)
            fold.at(whole.of(state.name))
            result = last.of(state.name)
        results.append(result)
    for name, number in call.kept.items():
        if name in getattr(getattr(ours, "equations", None), "states", ()):
            state = _state_node(fold, leaf, node, ours, name)
            fold.at(whole.of(state.name))
            fold.values[number] = last.of(state.name)
    beyond = UnsupportedLayerError(f"{leaf.path} ({leaf.kind}): this value has no layer of ours")
    return [*results, *[Opaque(beyond, 0)] * (len(call.results) - len(results))]


def _repeated(fold: Fold, leaf: Leaf, steps: int, value: Value) -> Value:
    """Return the sequence in which every step is the same value."""
    if value.form is not Form.STILL:
        raise UnsupportedLayerError(
            f"{leaf.path} ({leaf.kind}) reads one input for {steps} steps, and is given a sequence",
            remedy="call it with a batch of one step (N, ...)",
        )
    fold.lasts(steps)
    return replace(value, axes=(TIME, *value.axes), form=Form.WHOLE)


def _require_axes(leaf: Leaf, form: Taken, value: Value) -> None:
    """Check that a sample has as many axes as the neurons' parameters say."""
    if form.axes is not None and value.sample_axes != form.axes:
        raise UnsupportedLayerError(
            f"{leaf.path} ({leaf.kind}) takes samples of {form.axes} axes, and reads "
            f"{value.sample_axes}",
            remedy="give time and batch where it takes them",
        )


def _next_step(fold: Fold, key: tuple[str, str], leaf: Leaf, value: Value) -> Value:
    """Return the value at the step in which the neurons are called now."""
    if value.form is Form.WHOLE or value.axes[:1] != (BATCH,):
        raise UnsupportedLayerError(
            f"{leaf.path} ({leaf.kind}) takes one step a call, and reads a whole sequence",
            remedy="call it step by step, or set its step mode to that of sequences",
        )
    count = fold.counts.get(key, 0)
    fold.counts[key] = count + 1
    if value.form is Form.STEP and value.step != count:
        raise UnsupportedLayerError(
            f"{leaf.path} reads step {value.step} at its call {count}: not all layers run in "
            "every step, or one reads an earlier step",
            remedy=_LOOP,
        )
    return replace(value, form=Form.STEP, step=count)


def _check_states(fold: Fold, call: Call, leaf: Leaf, node: Node, step: int) -> None:
    """Check that states come from the same neurons one step earlier.

    Raises:
        UnsupportedLayerError: if one comes from elsewhere, or starts from other values.
    """
    states = [fold.value(ref) for ref in call.refs[1:]]
    if step == 0:
        node.starts = states
        return
    for index, state in enumerate(states):
        from_before = (
            isinstance(state, Value) and state.form is Form.STEP and state.step == step - 1
        )
        owner = fold.nodes[state.node].state_of if isinstance(state, Value) else ("", "")
        name = SPIKES if isinstance(state, Value) and state.node == node.name else owner[1]
        if not from_before or (name != SPIKES and owner[0] != node.name):
            raise UnsupportedLayerError(
                f"{leaf.path}: at step {step} its state {index + 1} is not the one that it "
                "returned one step earlier",
                remedy=_LOOP,
            )
        if index < len(node.starts) and step == 1:
            _check_start(leaf, node.starts[index], name)


def _check_start(leaf: Leaf, start: Known, name: str) -> None:
    initial = getattr(leaf.layer("m"), "initial", {})
    expected = 0.0 if name == SPIKES else float(initial.get(name, 0.0))
    if isinstance(start, Fixed) and start.tensor.numel() and start.number != expected:
        raise UnsupportedLayerError(
            f"{leaf.path}.{name}: starts from other values than {expected:g}",
            remedy="let the states start as the neurons' own do",
        )


def _state_node(fold: Fold, leaf: Leaf, node: Node, ours: nn.Module, name: str) -> Node:
    """Return the node that shows a state of neurons instead of their spikes."""
    shown = fold.node(
        ("state", node.name, name),
        f"{node.name}_{name}",
        node.inputs,
        lambda: showing(ours, name, leaf),
    )
    shown.state_of = (node.name, name)
    _name_source(shown, leaf)
    shown.note = f"shows {name} instead of spikes"
    return shown


def showing(module: nn.Module, state: str, leaf: Leaf) -> nn.Module:
    """Return neurons with the same equations that show a state instead of their spikes.

    Raises:
        UnsupportedLayerError: if the layer has no such state of its own.
    """
    if not isinstance(module, neuron.EquationNeuron) or state not in module.equations.states:
        raise UnsupportedLayerError(
            f"{leaf.path} ({leaf.kind}): the network returns its {state}, which cannot be shown",
            remedy="return the spikes, or the states of neurons without a loop of their own",
        )
    equations = module.equations
    output = equations.next_states[equations.states.index(state)]
    changed = replace(equations, name=f"{equations.name}{state.capitalize()}", output=output)
    values: dict[str, Any] = {name: getattr(module, name) for name in equations.parameters}
    initial = dict(module.initial)
    return neuron.Defined(changed, values, initial, learnable=module.learnable).eval()


def _require_time(leaf: Leaf, form: Taken | None, value: Value) -> None:
    """Check that time is where the module takes it."""
    if form is None or form.time is None:
        return
    expected = "NT" if form.merged else TIME
    at = value.axes.index(expected) if expected in value.axes else None
    if value.form is not Form.WHOLE or at != form.time % len(value.axes):
        axes = "time and batch as one axis" if form.merged else f"time as its axis {form.time}"
        raise UnsupportedLayerError(
            f"{leaf.path} ({leaf.kind}) takes {axes}, and reads {' x '.join(value.axes)}",
            remedy="give a sequence, or set its step mode to that of single steps",
        )


def _last(value: Value) -> Value:
    """Return a sequence's last step."""
    axes = tuple(BATCH if axis in (BOTH, "NT") else axis for axis in value.axes if axis != TIME)
    return replace(value, axes=axes, form=Form.DECODED, decoder="last_value")


def plain(fold: Fold, value: Value, name: str, shape: tuple[int, ...]) -> Value:
    """Return the value with a sample's axes alone behind time and batch.

    Raises:
        UnsupportedLayerError: if time or batch come after one of them.
    """
    if not value.is_plain:
        raise UnsupportedLayerError(
            f"{name} reads a value whose axes are {' x '.join(value.axes)}",
            remedy="put time and batch first",
        )
    if UNIT not in value.axes:
        return value
    inner = shape[value.leading :]
    unit = fold.derived(value, f"{value.node}_shape", lambda: layer.Reshape(inner), inner)
    return unit.of(unit.node, value.shaped(value.sample_axes))


def _name_source(node: Node, leaf: Leaf) -> None:
    node.source, node.source_kind = leaf.path, leaf.kind
