"""The parts that foreign neurons are built of: their parameters, and neurons of their equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from neurodeploy.errors import UnsupportedLayerError
from snncore import neuron
from snncore.dynamics import trace
from snncore.dynamics.expression import Op

Numbers = dict[str, float | Tensor]


def refusal(module: nn.Module, reason: str, remedy: str) -> UnsupportedLayerError:
    """Return the error for a foreign module that cannot be ours."""
    kind = type(module)
    framework = kind.__module__.partition(".")[0]
    return UnsupportedLayerError(f"{framework}'s {kind.__qualname__}: {reason}", remedy=remedy)


def parameters(module: nn.Module, values: Mapping[str, Any]) -> tuple[Numbers, int | None]:
    """Return parameters as ours, and the axes that a sample must have if one is a tensor.

    Theirs meet the last axes of a sample; ours, the channels or all elements.

    Raises:
        UnsupportedLayerError: if ours cannot have their shape.
    """
    numbers: Numbers = {}
    axes: set[int] = set()
    for name, value in values.items():
        tensor = torch.as_tensor(value).detach().to("cpu", torch.float32)
        while tensor.ndim and tensor.shape[0] == 1:
            tensor = tensor[0]
        if not tensor.ndim:
            numbers[name] = float(value) if isinstance(value, float | int) else float(tensor)
            continue
        axes.add(tensor.ndim)
        numbers[name] = tensor.flatten() if set(tensor.shape[1:]) <= {1} else tensor
        if numbers[name] is tensor and 1 in tensor.shape:
            raise refusal(module, _shape(name, tensor), "give a value for each, or one for all")
    if len(axes) > 1:
        raise refusal(
            module, "its parameters are for inputs of different shapes", "give all the same shape"
        )
    return numbers, next(iter(axes), None)


def number(module: nn.Module, name: str, value: Any) -> float:
    """Return a value that must be one number for all neurons.

    Raises:
        UnsupportedLayerError: if it is another one for each.
    """
    tensor = torch.as_tensor(value).detach()
    if tensor.numel() != 1:
        raise refusal(module, _shape(name, tensor), f"give one {name} for all neurons")
    return float(tensor.to(torch.float32))


def defined(
    name: str,
    step: Any,
    states: Mapping[str, float],
    values: Mapping[str, float | Tensor],
    **choices: Any,
) -> neuron.Defined:
    """Return a neuron with the equations of a step, without the parameters that it does not use."""
    equations = trace(
        step, states=tuple(states), parameters=tuple(values), name=name, choices=choices
    )
    used = {each.attribute for each in equations.operations if each.op is Op.PARAMETER}
    kept = tuple(each for each in values if each in used)
    initial = {state: value for state, value in states.items() if value}
    return neuron.Defined(
        replace(equations, parameters=kept), {each: values[each] for each in kept}, initial
    )


def _shape(name: str, tensor: Tensor) -> str:
    return f"{name} has the shape {tuple(tensor.shape)}, which is not one of ours"
