"""A real module of a framework and ours side by side, in the process that has both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from neurodeploy.frontend.foreign.taken import Taken, taken
from snncore import functional, neuron
from snncore.dynamics.expression import Op

# A framework's way to call a module for all steps: the module, its input (T, N, ...) and ours ->
# for every output of the call, all steps.
Running = Callable[[Any, Tensor, Taken], list[Tensor]]


def compared(
    make: Callable[[], nn.Module],
    run: Running,
    shape: tuple[int, ...],
    scale: float,
    backends: list[str],
) -> dict[str, Any]:
    """Return how many spikes and states differ, on random input and on a grid."""
    sums = {"steps": 0, "fired": 0, "spikes": 0, "states": 0, "met": 0}
    for seed, grid in ((1, False), (2, True)):
        torch.manual_seed(seed)
        module = make().eval()
        x = _input(shape, grid) * scale
        ours = taken(module)
        assert ours is not None, f"{type(module).__name__} is not known"
        with torch.no_grad():
            theirs = run(module, x, ours)
            for key, value in _differences(ours, x, theirs, backends).items():
                sums[key] += value
    return sums | {"layer": _name(ours.layer), "note": ours.note}


def _input(shape: tuple[int, ...], grid: bool) -> Tensor:
    x = torch.randn(shape) * 0.8 + 0.3
    return torch.round(x * 8) / 8 if grid else x


def _differences(
    ours: Taken, x: Tensor, theirs: list[Tensor], backends: list[str]
) -> dict[str, int]:
    """Return the counts for one input; the states are compared at every step."""
    sent = theirs[0]
    counts = {"steps": sent.numel(), "fired": int((sent != 0).sum())}
    counts["spikes"] = counts["states"] = 0
    for backend in backends:
        for part in _neurons(ours.layer):
            part.backend = backend
        functional.reset(ours.layer)
        counts["spikes"] += int((ours.layer(x) != sent).sum())
    (inner,) = _neurons(ours.layer)
    inner.backend, inner.record = "torch", {}
    functional.reset(ours.layer)
    ours.layer(x)
    for name, values in zip(ours.outputs[1:], theirs[1:], strict=True):
        mine = torch.stack(inner.record[name]).reshape(values.shape)
        counts["states"] += int((mine != values).sum())
    inner.record = None
    other = _firing_otherwise(ours.layer, inner)
    counts["met"] = int((other(x) != sent).sum())
    return counts


def _firing_otherwise(layer: nn.Module, inner: Any) -> nn.Module:
    """Return the layer with every threshold met fired upon if it is not, and the other way round.

    Where its spikes differ, a state met a threshold exactly: it is the control of what is equal.
    """
    operations = tuple(
        replace(each, attribute=not each.attribute) if each.op is Op.SPIKE else each
        for each in inner.equations.operations
    )
    equations = replace(inner.equations, operations=operations)
    values = {name: getattr(inner, name) for name in equations.parameters}
    swapped = neuron.Defined(equations, values, inner.initial, backend="torch")
    swapped.step_mode = inner.step_mode
    if layer is inner:
        return swapped
    copy = deepcopy(layer)
    functional.reset(copy)
    for path, part in layer.named_modules():
        if part is inner:
            parent, _, name = path.rpartition(".")
            setattr(copy.get_submodule(parent), name, swapped)
    return copy


def _neurons(layer: nn.Module) -> list[Any]:
    return [part for part in layer.modules() if isinstance(part, neuron.EquationNeuron)]


def _name(layer: nn.Module) -> str:
    (inner,) = _neurons(layer)
    kind = "Defined" if isinstance(inner, neuron.Defined) else type(inner).__name__
    around = type(layer).__name__ if layer is not inner else ""
    return f"{around}({kind})" if around else kind


def every_step(module: Any, x: Tensor, ours: Taken) -> list[Tensor]:
    """Run a module that keeps its states by itself, and returns what it sends."""
    del ours
    return [torch.stack([module(step) for step in x])]


def flattened(values: Any) -> Iterator[Tensor]:
    """Yield the tensors of a call's results, in order."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, tuple | list):
        for value in values:
            yield from flattened(value)
