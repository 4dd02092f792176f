"""The parts of a recurrent layer that chips have: neurons of one input, and dense weights."""

from __future__ import annotations

import copy
from typing import Any

import torch

from snncore import layer, neuron
from snncore.dynamics.rewriting.joining import with_one_input


def recurrent_parts(module: layer.Recurrent, name: str) -> tuple[neuron.Neuron, layer.Linear]:
    """Return the neurons of a recurrent layer and the weights that feed them back.

    Feedback that is an input of its own becomes a part of the sum that drives the neurons.

    Raises:
        ValueError: if chips have no such layer; names it.
    """
    body, feedback = module.body, _feedback(module)
    if not isinstance(body, neuron.Neuron) or not isinstance(feedback, layer.Linear):
        raise ValueError(f"{name}: {_unlike(body, feedback)}")
    # What is an input of its own is computed in the first step too.
    from_start = module.from_start or module.separate
    if feedback.bias is not None and not from_start:
        raise ValueError(
            f"{name}: its feedback has a bias, but every chip adds it in the first step too "
            "(make it with bias=False or from_start=True; the weights before it may have one)"
        )
    return _with_one_input(body, name) if module.separate else body, feedback


def _unlike(body: object, feedback: object) -> str:
    """Return why a recurrent layer has no quantized form, and what to do."""
    back = "no feedback" if feedback is None else type(feedback).__name__
    if not isinstance(body, neuron.Neuron) or feedback is None:
        return (
            f"a recurrent layer of {type(body).__name__} and {back} has no quantized form (use "
            "layer.Recurrent(neuron.LIF(), layer.Linear(n, n, bias=False)), with weights before it)"
        )
    return (
        f"its feedback is {back}, and only dense weights come back to their neurons (flatten the "
        "sums before the neurons, and feed back with layer.Linear(n, n, bias=False))"
    )


def _feedback(module: layer.Recurrent) -> Any:
    """Return the feedback; neurons that each feed back to themselves get weights of one."""
    shape = getattr(module.body, "input_shape", None)
    if module.feedback is not None or module.separate or shape is None or len(shape) != 1:
        return module.feedback
    (count,) = shape
    weights = layer.Linear(count, count, bias=False)
    with torch.no_grad():
        weights.weight.copy_(torch.eye(count))
    return weights


def _with_one_input(body: neuron.Neuron, name: str) -> neuron.Neuron:
    """Return neurons that read the sum of all inputs.

    Raises:
        ValueError: if an input counts in another way; names the layer.
    """
    if not isinstance(body, neuron.EquationNeuron):
        return body
    try:
        equations = with_one_input(body.equations)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    values = {key: getattr(body, key) for key in equations.parameters}
    options: dict[str, Any] = {"learnable": body.learnable, "surrogate": body.surrogate}
    joined = neuron.Defined(equations, values, body.initial, step_mode=body.step_mode, **options)
    joined.input_shape = copy.copy(body.input_shape)
    return joined
