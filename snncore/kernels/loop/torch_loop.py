"""The time loop in torch: one step after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from snncore.dynamics import Op, numbers_like
from snncore.dynamics.adjoint import SPIKE, adjoint, gradient_name
from snncore.dynamics.evaluate import carried_out
from snncore.dynamics.printing.render import Dialect
from snncore.dynamics.words import TABLE
from snncore.kernels.loop.output import narrowed
from snncore.kernels.loop.work import Loop, Work

Step = Callable[..., tuple[Tensor, ...]]
Observer = Callable[[Tensor, tuple[Tensor, ...]], None]

# In the words of snncore.dynamics, which act on tensors.
TORCH = Dialect(
    "torch",
    {
        Op.ADD: "{0} + {1}",
        Op.SUBTRACT: "{0} - {1}",
        Op.MULTIPLY: "{0} * {1}",
        Op.DIVIDE: "{0} / {1}",
        Op.NEGATE: "-{0}",
        Op.MINIMUM: "minimum({0}, {1})",
        Op.MAXIMUM: "maximum({0}, {1})",
        Op.ABSOLUTE: "absolute({0})",
        Op.EXP: "exp({0})",
        Op.LOG: "log({0})",
        Op.DETACH: "detach({0})",
        Op.GREATER: "{0} > {1}",
        Op.GREATER_EQUAL: "{0} >= {1}",
        Op.SELECT: "select({0}, {1}, {2})",
        Op.SPIKE: "spike({0}, strict={a})",
    },
)


def run_sequence(
    step: Step,
    states: tuple[Tensor, ...],
    inputs: tuple[Tensor, ...],
    observer: Observer | None = None,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run `step(*states, *inputs) -> (*states, spike)`; return spikes (T, ...) and last states."""
    spikes = []
    for current in zip(*(sequence.unbind(0) for sequence in inputs), strict=True):
        *following, fired = step(*states, *current)
        states = tuple(following)
        spikes.append(fired)
        if observer is not None:
            observer(fired, states)
    return torch.stack(spikes), states


class TorchBackend:
    """Eager torch, which takes everything."""

    def refusal(self, work: Work) -> str | None:
        """Return the reason why this backend cannot run the work, or None."""
        return None

    def loop(self, work: Work) -> Loop:
        """Make the loop that replaces the eager one in a compiled graph."""
        return TorchLoop(work)


class TorchLoop:
    """The eager loop without autograd: the step, and its adjoint, operation by operation."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def forward(
        self, inputs: Sequence[Tensor], states: Sequence[Tensor], parameters: Sequence[Tensor]
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """Return the output and the last states."""
        history, spikes = self._history(inputs, states, parameters)
        work = self.work
        kind = work.input_type if work.input_type.is_floating_point else work.kind
        last = history[-1] if work.final else ()
        return narrowed(torch.stack(spikes), work.output, kind), last

    def backward(
        self,
        inputs: Sequence[Tensor],
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        incoming: Tensor | None,
        later: Sequence[Tensor | None],
        needs: Sequence[bool],
    ) -> Sequence[Tensor | None]:
        """Return the gradients of the arguments, given those of the output and the last states."""
        work, equations = self.work, self.work.equations
        back = adjoint(equations, work.slope)
        history, _ = self._history(inputs, states, parameters)
        zero = torch.zeros_like(history[0][0])
        flowing = [zero if gradient is None else gradient for gradient in later]
        flowing = flowing or [zero for _ in equations.states]
        each: dict[str, list[Tensor]] = {name: [] for name in equations.inputs}
        sums: dict[str, Tensor] = {name: torch.zeros_like(zero) for name in work.parameters}
        for t in reversed(range(inputs[0].shape[0])):
            spiked = zero if incoming is None else incoming[t].to(work.kind)
            arrived = dict(zip(map(gradient_name, equations.states), flowing, strict=True))
            arrived[gradient_name(SPIKE)] = spiked
            leaves = self._leaves(history[t], inputs, t, parameters, arrived)
            with torch.no_grad(), numbers_like(zero):
                values = carried_out(back.operations, TABLE, leaves)
            gradients = {name: _filled(values[number], zero) for name, number in back.results}
            for name, parts in each.items():
                parts.append(gradients.get(name, zero))
            for name in sums:
                sums[name] = sums[name] + gradients.get(name, zero)
            flowing = [gradients.get(name, zero) for name in equations.states]
        results = [torch.stack(parts[::-1]).to(work.input_type) for parts in each.values()]
        results += flowing[: len(states)]
        results += [sums[n].sum_to_size(p.shape) for n, p in zip(sums, parameters, strict=True)]
        return [r.contiguous() if need else None for r, need in zip(results, needs, strict=True)]

    def _history(
        self, inputs: Sequence[Tensor], states: Sequence[Tensor], parameters: Sequence[Tensor]
    ) -> tuple[list[Sequence[Tensor]], list[Tensor]]:
        """Return the states before each step and after the last, and the spikes."""
        work, equations = self.work, self.work.equations
        like = torch.empty_like(inputs[0][0], dtype=work.kind)
        current = [*states] or [torch.full_like(like, value) for value in work.begin]
        history: list[Sequence[Tensor]] = [current]
        spikes = []
        for t in range(inputs[0].shape[0]):
            leaves = self._leaves(current, inputs, t, parameters, {})
            with torch.no_grad(), numbers_like(like):
                values = carried_out(equations.operations, TABLE, leaves)
            current = [_filled(values[number], like) for number in equations.next_states]
            history.append(current)
            spikes.append(_filled(values[equations.output], like))
        return history, spikes

    def _leaves(
        self,
        states: Sequence[Tensor],
        inputs: Sequence[Tensor],
        t: int,
        parameters: Sequence[Tensor],
        arrived: dict[str, Tensor],
    ) -> Mapping[Op, Mapping[str, Any]]:
        work, equations = self.work, self.work.equations
        numbers = {
            name: torch.full((), value, dtype=work.kind, device=inputs[0].device)
            for name, value in work.constants
        }
        now = {n: x[t].to(work.kind) for n, x in zip(equations.inputs, inputs, strict=True)}
        return {
            Op.STATE: dict(zip(equations.states, states, strict=True)),
            Op.INPUT: now | arrived,
            Op.PARAMETER: numbers | dict(zip(work.parameters, parameters, strict=True)),
        }


def _filled(value: Any, like: Tensor) -> Tensor:
    """Return a value, number or comparison as a tensor of its own, shaped like the layer."""
    tensor = torch.as_tensor(value, dtype=like.dtype, device=like.device)
    return tensor.expand_as(like).clone(memory_format=torch.contiguous_format)
