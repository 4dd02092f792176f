"""The kernels as a differentiable function, which saves the input and a few states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from snncore.kernels.plan import Plan
from snncore.kernels.triton_loop import (
    Gradients,
    Spread,
    launch_backward,
    launch_forward,
    spread_of,
)

DTYPES = (torch.float32, torch.float16, torch.bfloat16)


def run_triton(
    plan: Plan,
    x: Tensor | Sequence[Tensor],
    states: Sequence[Tensor] | None,
    parameters: Mapping[str, Tensor],
    *,
    final: bool = True,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Spikes (T, ...) in the input's type, and the last states in float32 unless not `final`.

    Without `states` they begin at zero.

    Raises:
        ValueError: if shapes or types do not fit; names the neuron.
    """
    inputs = (x,) if isinstance(x, Tensor) else tuple(x)
    _check(plan, inputs, states, parameters)
    shape = inputs[0].shape
    spread = {}
    for name in plan.step.parameters:
        place = spread_of(parameters[name], shape[1:], f"{plan.step.name}.{name}")
        if place is not None:
            spread[name] = place
    if inputs[0].numel() == 0:
        given = states or [inputs[0].new_zeros(shape[1:], dtype=torch.float32)] * len(
            plan.step.states
        )
        return torch.zeros_like(inputs[0]), tuple(given)
    flat = [value.contiguous().view(shape[0], -1) for value in inputs]
    begin = [value.float().expand(shape[1:]).reshape(-1) for value in states or ()]
    values = [parameters[name].contiguous() for name in plan.step.parameters]
    tensors = (*flat, *begin, *values)
    noted = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
    spikes, *last = _Loop.apply(plan, spread, states is not None, final, noted, *tensors)
    return spikes.view(shape), tuple(state.view(shape[1:]) for state in last)


class _Loop(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        plan: Plan,
        spread: Mapping[str, Spread],
        initial: bool,
        final: bool,
        noted: bool,
        *tensors: Tensor,
    ) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(False)
        ctx.plan, ctx.spread, ctx.initial = plan, spread, initial
        inputs, states, parameters = _parted(plan, initial, tensors)
        spikes, last, notes = launch_forward(
            plan,
            inputs,
            states,
            parameters,
            spread,
            final=final,
            noted=noted,
        )
        ctx.save_for_backward(notes, *tensors)
        return spikes, *last

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_spikes: Tensor | None, *grad_last: Tensor | None) -> Any:
        plan = ctx.plan
        notes, *tensors = ctx.saved_tensors
        inputs, states, parameters = _parted(plan, ctx.initial, tensors)
        needs = _parted(plan, ctx.initial, ctx.needs_input_grad[5:])
        wanted = Gradients(
            tuple(
                torch.empty_like(v) if n else None for v, n in zip(inputs, needs[0], strict=True)
            ),
            tuple(torch.empty_like(v) for v in states or ()) if any(needs[1] or ()) else (),
            {n: torch.empty_like(parameters[n]) for n, need in needs[2].items() if need},
        )
        if grad_spikes is None:
            grad_spikes = torch.zeros_like(inputs[0])
        later = None
        if any(g is not None for g in grad_last):
            empty = inputs[0].new_zeros(inputs[0].shape[1:], dtype=torch.float32)
            later = [empty if g is None else g.contiguous() for g in grad_last]
        launch_backward(
            plan,
            grad_spikes.contiguous(),
            inputs,
            states,
            notes,
            later,
            parameters,
            ctx.spread,
            wanted,
        )
        states_back = wanted.states or (None,) * len(states or ())
        named = (wanted.parameters.get(name) for name in plan.step.parameters)
        return None, None, None, None, None, *wanted.inputs, *states_back, *named


def _parted(plan: Plan, initial: bool, values: Sequence[Any]) -> tuple[Any, Any, Any]:
    """Inputs, initial states if there are any, and parameters by name."""
    count = len(plan.step.inputs)
    after = count + (len(plan.step.states) if initial else 0)
    named = dict(zip(plan.step.parameters, values[after:], strict=True))
    return values[:count], values[count:after] if initial else None, named


def _check(
    plan: Plan,
    inputs: Sequence[Tensor],
    states: Sequence[Tensor] | None,
    parameters: Mapping[str, Tensor],
) -> None:
    name = plan.step.name
    if len(inputs) != len(plan.step.inputs):
        raise ValueError(f"{name}: takes the inputs {', '.join(plan.step.inputs)}")
    if states is not None and len(states) != len(plan.step.states):
        raise ValueError(f"{name}: has the states {', '.join(plan.step.states)}")
    missing = set(plan.step.parameters) - set(parameters)
    if missing:
        raise ValueError(f"{name}: the parameter {sorted(missing)[0]} is missing")
    first = inputs[0]
    if first.dtype not in DTYPES:
        raise ValueError(f"{name}: takes float32, float16 or bfloat16, and is given {first.dtype}")
    for value in inputs:
        if value.shape != first.shape or value.dtype != first.dtype or value.ndim < 1:
            raise ValueError(f"{name}: the inputs differ in shape or type")
    if first.shape[0] == 0:
        raise ValueError(f"{name}: takes (T, ...) with T at least 1, and is given none")
