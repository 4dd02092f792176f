"""The time loop in Triton, compiled from its printed source and launched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import prod
from typing import Any

import torch
from torch import Tensor

from snncore.dynamics.render import compile_step
from snncore.kernels.plan import Plan
from snncore.kernels.triton_source import Shape, backward_source, forward_source, parted

# Steps between the states that the forward kernel notes for the backward one.
SEGMENT = 16


@dataclass(frozen=True)
class Config:
    """Neurons a program, warps a program, and steps whose loads are issued together."""

    block: int
    warps: int
    chunk: int


@dataclass(frozen=True)
class Spread:
    """Where a parameter's value for a neuron lies: at neuron // inner % count."""

    inner: int
    count: int


@dataclass(frozen=True)
class Gradients:
    """What the backward kernel writes; parameters as a value a neuron, or a sum a program."""

    inputs: tuple[Tensor | None, ...]
    states: tuple[Tensor, ...]
    parameters: Mapping[str, Tensor]


def spread_of(parameter: Tensor, shape: Sequence[int], name: str) -> Spread | None:
    """How a parameter's shape lies in that of the neurons; nothing if it is a single value.

    Raises:
        ValueError: if it varies along axes that do not lie side by side, or does not fit them.
    """
    if parameter.numel() == 1:
        return None
    sizes = (1,) * (len(shape) - parameter.ndim) + tuple(parameter.shape)
    varying = [axis for axis, size in enumerate(sizes) if size != 1]
    first, last = varying[0], varying[-1] + 1
    if len(sizes) != len(shape) or sizes[first:last] != tuple(shape[first:last]):
        raise ValueError(
            f"{name}: {tuple(parameter.shape)} does not fit neurons of {tuple(shape)} "
            "(give one value, one a channel, or one an element)"
        )
    return Spread(prod(shape[last:]), prod(sizes[first:last]))


def forward_config(neurons: int) -> Config:
    """The forward kernel's measures: four neurons a thread and many loads under way."""
    return _narrowed(Config(256, 2, 16), neurons)


def backward_config(plan: Plan, steps: int, neurons: int, itemsize: int) -> Config:
    """The backward kernel's measures, as found on an H200 (`benchmarks/gpu/triton_kernels.py`)."""
    if steps <= 4:
        config = Config(512, 4, 4)
    elif itemsize == 4:
        config = Config(64, 2, 8)
    elif steps <= SEGMENT:
        config = Config(128, 2, 4)
    else:
        config = Config(256 if len(plan.step.states) == 1 else 128, 2, 8)
    return _narrowed(config, neurons)


def _narrowed(config: Config, neurons: int) -> Config:
    """Fewer neurons a thread where there would be too few programs to keep a chip busy."""
    block = config.block
    while block > 32 * config.warps and neurons < block * 512:
        block //= 2
    return replace(config, block=block)


@cache
def forward_kernel(plan: Plan, shape: Shape) -> Any:
    """The compiled forward loop."""
    return _compiled(forward_source(plan, shape), "forward")


@cache
def backward_kernel(plan: Plan, shape: Shape) -> Any:
    """The compiled backward loop."""
    return _compiled(backward_source(plan, shape), "backward")


def _compiled(source: str, name: str) -> Any:
    try:
        return compile_step(source, {"__name__": "snncore.kernels.generated"}, name)
    except ModuleNotFoundError as error:
        if error.name != "triton":
            raise
        raise ModuleNotFoundError(
            "the triton backend needs Triton: pip install 'neurodeploy-toolchain[triton]'",
            name="triton",
        ) from error


def launch_forward(
    plan: Plan,
    inputs: Sequence[Tensor],
    states: Sequence[Tensor] | None,
    parameters: Mapping[str, Tensor],
    spread: Mapping[str, Spread],
    *,
    final: bool,
    noted: bool,
    config: Config | None = None,
) -> tuple[Tensor, tuple[Tensor, ...], Tensor | None]:
    """Spikes, last states and notes; inputs are contiguous (T, N), states (N) float32."""
    steps, neurons = inputs[0].shape
    config = config or forward_config(neurons)
    segments, rest = parted(steps, SEGMENT)
    shape = Shape(
        segments=min(segments, 1),
        segment=SEGMENT,
        rest=rest,
        chunk=config.chunk,
        masked=neurons % config.block != 0,
        initial=states is not None,
        final=final,
        noted=noted and segments > 0,
        spread=tuple(spread),
    )
    spikes = torch.empty_like(inputs[0])
    last = tuple(_neuronal(inputs[0]) for _ in plan.step.states if final)
    notes = (
        _neuronal(inputs[0], segments * len(plan.step.states) * neurons) if shape.noted else None
    )
    arguments = [*inputs, spikes, *(states or ()), *last, *([] if notes is None else [notes])]
    _launch(forward_kernel(plan, shape), arguments, plan, parameters, spread, segments, config)
    return spikes, last, notes


def launch_backward(
    plan: Plan,
    grad_spikes: Tensor,
    inputs: Sequence[Tensor],
    states: Sequence[Tensor] | None,
    notes: Tensor | None,
    grad_last: Sequence[Tensor] | None,
    parameters: Mapping[str, Tensor],
    spread: Mapping[str, Spread],
    wanted: Gradients,
    config: Config | None = None,
) -> None:
    """Writes the wanted gradients, recomputing the states from the inputs."""
    steps, neurons = inputs[0].shape
    config = config or backward_config(plan, steps, neurons, inputs[0].element_size())
    segments, rest = parted(steps, SEGMENT)
    asked = zip(plan.step.inputs, wanted.inputs, strict=True)
    shape = Shape(
        segments=min(segments, 1),
        segment=SEGMENT,
        rest=rest,
        chunk=config.chunk,
        masked=neurons % config.block != 0,
        initial=states is not None,
        final=grad_last is not None,
        spread=tuple(spread),
        inputs=tuple(name for name, gradient in asked if gradient is not None),
        states=bool(wanted.states),
        parameters=tuple(wanted.parameters),
    )
    partial = {
        name: _neuronal(inputs[0], None if name in spread else -(-neurons // config.block))
        for name in wanted.parameters
    }
    arguments = [grad_spikes, *inputs, *(g for g in wanted.inputs if g is not None)]
    arguments += [*(states or ()), *(grad_last or ()), *wanted.states, *partial.values()]
    arguments += [] if notes is None else [notes]
    _launch(backward_kernel(plan, shape), arguments, plan, parameters, spread, segments, config)
    for name, total in wanted.parameters.items():
        values = partial[name]
        if name in spread:
            values = values.view(-1, spread[name].count, spread[name].inner).sum((0, 2))
        else:
            values = values.sum()
        total.copy_(values.view_as(total))


def _neuronal(like: Tensor, size: int | None = None) -> Tensor:
    size = like.shape[1] if size is None else size
    return torch.empty(size, dtype=torch.float32, device=like.device)


def _launch(
    kernel: Any,
    arguments: Sequence[Tensor],
    plan: Plan,
    parameters: Mapping[str, Tensor],
    spread: Mapping[str, Spread],
    segments: int,
    config: Config,
) -> None:
    neurons = arguments[0].shape[1]
    places = [value for s in spread.values() for value in (s.inner, s.count)]
    kernel[(-(-neurons // config.block),)](
        *arguments,
        *(parameters[name] for name in plan.step.parameters),
        *places,
        neurons,
        SEGMENTS=segments,
        BLOCK=config.block,
        num_warps=config.warps,
        num_stages=1,
        enable_fp_fusion=False,
    )
