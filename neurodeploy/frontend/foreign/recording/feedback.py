"""Feedback that the user's code carries from step to step: `self.fc(x[t]) + self.rec(spikes)`.

In the first step weights read zeros, later what neurons sent a step before. Such a sum, the neurons
that it drives and the weights become one recurrent layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import nn

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.foreign.recording.fold import Fold
from neurodeploy.frontend.foreign.recording.nodes import Node
from neurodeploy.frontend.foreign.recording.values import Form, Start, Value
from snncore import layer, neuron

FEEDBACK = "feedback"
_REMEDY = (
    "let weights read what one layer of neurons sent a step before, and add it to what drives "
    "these neurons alone; or use the framework's recurrent neurons"
)


def begun(fold: Fold, value: Value, start: Start) -> Value:
    """Return the sum of a value and of what weights make of zeros, in the first step."""
    if value.form not in (Form.STEP, Form.STILL) or value.step:
        raise UnsupportedLayerError(f"{start.path} reads zeros in a later step", remedy=_REMEDY)
    key = (FEEDBACK, value.node, start.path)
    node = fold.node(key, f"{value.node}_fed", (value.node,), function=FEEDBACK)
    return fold.at(replace(value, form=Form.STEP).of(node.name))


def continued(fold: Fold, first: Value, second: Value) -> Value | None:
    """Return the sum of a value and of what weights make of spikes one step before, if it is."""
    for value, late in ((first, second), (second, first)):
        key = (FEEDBACK, value.node, fold.nodes[late.node].source)
        step = late.step + 1
        one_later = value.form is Form.STILL or (value.form is Form.STEP and value.step == step)
        if late.form is Form.STEP and one_later and key in fold.names:
            node = fold.nodes[fold.names[key]]
            node.late = late.node
            return fold.at(replace(value, form=Form.STEP, step=step).of(node.name))
    return None


def collapse(fold: Fold) -> None:
    """Make every loop of a sum, neurons and weights one recurrent layer, named as its neurons.

    Raises:
        UnsupportedLayerError: if a loop is another one.
    """
    for node in fold.nodes.values():
        if node.function == FEEDBACK:
            _collapse(fold, node)


def _collapse(fold: Fold, total: Node) -> None:
    weights = fold.nodes.get(total.late)
    source = "" if weights is None or len(weights.inputs) != 1 else weights.inputs[0]
    neurons = fold.nodes.get(source)
    if weights is None or neurons is None or neurons.inputs != (total.name,):
        path = weights.source if weights is not None else total.name
        raise UnsupportedLayerError(f"{path}: feeds back to other neurons", remedy=_REMEDY)
    if not neurons.expected or neurons.build is None or weights.build is None:
        raise UnsupportedLayerError(
            f"{weights.source}: feeds back what {neurons.name} returns", remedy=_REMEDY
        )
    neurons.build = _recurrent(neurons.build, weights.build, neurons.name)
    neurons.inputs = total.inputs
    sentence = f"with {weights.source} as its feedback"
    neurons.note = f"{neurons.note}; {sentence}" if neurons.note else sentence


def _recurrent(
    body: Callable[[], nn.Module], feedback: Callable[[], nn.Module], name: str
) -> Callable[[], nn.Module]:
    def build() -> nn.Module:
        neurons, weights = body(), feedback()
        if not isinstance(neurons, neuron.Neuron) or not isinstance(weights, _WEIGHTS):
            kinds = f"{type(neurons).__name__} through {type(weights).__name__}"
            raise UnsupportedLayerError(f"{name}: feeds back {kinds}", remedy=_REMEDY)
        biased: Any = weights.bias
        return layer.Recurrent(neurons, weights, from_start=biased is not None)

    return build


_WEIGHTS = (layer.Linear, layer.Conv1d, layer.Conv2d, layer.Conv3d)
