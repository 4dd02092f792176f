"""A real module of a framework and ours side by side, in the process that has both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from neurodeploy.errors import UnsupportedLayerError
from neurodeploy.frontend.checkpoint import load, save
from neurodeploy.frontend.foreign.form import OUTPUT
from neurodeploy.frontend.foreign.taken import Taken, is_neuron, taken
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
    """Return how many spikes and states differ: half of the samples lie on a grid."""
    torch.manual_seed(1)
    module = make().eval()
    x = torch.randn(shape) * 0.8 + 0.3
    half = shape[1] // 2
    x[:, half:] = torch.round(x[:, half:] * 8) / 8
    x *= scale
    ours = taken(module)
    assert ours is not None, f"{type(module).__name__} is not known"
    with torch.no_grad():
        theirs = run(module, x, ours)
        counts = _differences(ours, x, theirs, backends)
    layer = _name(ours.layer)
    return counts | {"known": is_neuron(module), "layer": layer, "note": ours.note}


def _differences(
    ours: Taken, x: Tensor, theirs: list[Tensor], backends: list[str]
) -> dict[str, int]:
    """Return the numbers of spikes and states that differ, the states at every step."""
    sent, layer = theirs[0], ours.layer
    (inner,) = _neurons(layer)
    inner.backend, inner.record = "torch", {}
    counts = {"steps": sent.numel(), "fired": int((sent != 0).sum())}
    counts["spikes"] = int((layer(x) != sent).sum())
    counts["states"] = 0
    for name, values in zip(ours.outputs[1:], theirs[1:], strict=True):
        # What the call returns beside the spikes, once more.
        key = "s" if name == OUTPUT else name
        mine = torch.stack(inner.record[key]).reshape(values.shape)
        counts["states"] += int((mine != values).sum())
    inner.record = None
    for backend in backends:
        inner.backend = backend
        functional.reset(layer)
        counts["spikes"] += int((layer(x) != sent).sum())
    inner.backend = "torch"
    functional.reset(layer)
    counts["met"] = int((_firing_otherwise(layer, inner)(x) != sent).sum())
    counts["saved"] = int((_saved(layer, x)(x) != sent).sum())
    return counts


def _saved(layer: nn.Module, x: Tensor) -> nn.Module:
    """Return the layer as its file has it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.pt"
        save(nn.Sequential(layer), path, example=x)
        return load(path)


def compared_layer(make: Callable[[], nn.Module], shape: tuple[int, ...]) -> dict[str, Any]:
    """Return how many values of a layer differ, over the steps of a sequence."""
    torch.manual_seed(3)
    module = make()
    for part in module.modules():
        if hasattr(part, "running_var"):
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2.0)
    module.eval()
    ours = taken(module)
    assert ours is not None, f"{type(module).__name__} is not known"
    x = torch.round(torch.randn(shape) * 8) / 8
    with torch.no_grad():
        if ours.time == 1:
            theirs = module(x.transpose(0, 1)).transpose(0, 1)
            mine = ours.layer(x)
        elif ours.time == 0:
            theirs, mine = module(x), ours.layer(x)
        else:
            # A step at a time, since sums of floats depend on how many samples there are.
            theirs = torch.stack([module(step) for step in x])
            mine = torch.cat([ours.layer(x[t : t + 1]) for t in range(len(x))])
    return {"values": theirs.numel(), "differ": int((theirs != mine).sum())}


def refusal(make: Callable[[], nn.Module]) -> str:
    """Return the error for a module that cannot be ours, or nothing if it is taken."""
    try:
        taken(make())
    except UnsupportedLayerError as error:
        return str(error)
    return ""


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


def flattened(values: Any) -> Iterator[Tensor]:
    """Yield the tensors of a call's results, in order."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, tuple | list):
        for value in values:
            yield from flattened(value)
