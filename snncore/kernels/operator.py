"""The time loop as an operator of torch: one node of a graph, with its gradient and its shapes.

A loop is known by a name that is made of everything it computes, so that a compiled graph which
names it means the same in every process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor

from snncore.dynamics.expression import Op, Recorder, Symbol
from snncore.kernels.backends import backend
from snncore.kernels.host.loop import HostLoop, refusal_of_second_derivative
from snncore.kernels.loop.output import Output, output_like
from snncore.kernels.loop.work import Hosted, Loop, Tensors, Work


@dataclass(frozen=True)
class _Prepared:
    backend: str
    work: Work
    loop: Loop
    host: HostLoop | None = None


_prepared: dict[str, _Prepared] = {}
# For these torch's dispatcher would take longer than a small loop.
_PLAIN = (Tensor, torch.nn.Parameter)
_LIBRARY = torch.library.Library("snncore", "FRAGMENT")
_GIVEN = "str loop, Tensor[] inputs, Tensor[] states, Tensor[] parameters"
_LIBRARY.define(f"sequence({_GIVEN}) -> Tensor[]")
_LIBRARY.define(
    f"sequence_backward({_GIVEN}, Tensor? incoming, Tensor?[] later, bool[] needs) -> Tensor[]"
)


def prepared(name: str, work: Work) -> str:
    """Make this backend's loop for the work unless it exists, and return its name."""
    device = work.device.type
    types = (work.input_type, work.kind, work.output.value)
    reach = bool(work.reach), work.narrows
    parts = (name, device, *types, work.constants, work.begin, work.final, *reach)
    text = "\n".join([*map(repr, parts), repr(work.equations.to_json()), _slope_text(work)])
    key = f"{work.equations.name}-{name}-{sha256(text.encode()).hexdigest()[:24]}"
    if key not in _prepared:
        loop = backend(name).loop(work)
        host = None
        if isinstance(loop, Hosted):
            host = loop.host = HostLoop(key, work, name, loop.real)
        _prepared[key] = _Prepared(name, work, loop, host)
    return key


def host_of(loop: str) -> HostLoop | None:
    """Return a loop as compiled code starts it, if it can."""
    return _prepared[loop].host


def run_loop(
    loop: str, inputs: Sequence[Tensor], states: Sequence[Tensor], parameters: Sequence[Tensor]
) -> tuple[Tensor, Tensors]:
    """Run a loop by name; return the output (T, N, ...) and last states, differentiable once."""
    tensors = *inputs, *states, *parameters
    if torch.compiler.is_compiling() or is_watched(tensors):
        spikes, *last = torch.ops.snncore.sequence(loop, [*inputs], [*states], [*parameters])
        return spikes, tuple(last)
    entry = _prepared[loop]
    launch = entry.host.launch if entry.host is not None else None
    if launch is not None and entry.host is not None:
        results = launch(entry.host.number, stream_of(tensors[0]), False, tensors)
        if results:
            return results[0], tuple(results[1:])
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        ends = len(inputs), len(inputs) + len(states)
        spikes, *last = _Direct.apply(entry, ends, *tensors)
    else:
        spikes, last = entry.loop.forward(inputs, states, parameters)
    return spikes, tuple(last)


def stream_of(tensor: Tensor) -> int:
    """Return the stream on which a kernel for this tensor starts, as CUDA's driver knows it."""
    stream: int = torch._C._cuda_getCurrentRawStream(tensor.get_device()) if tensor.is_cuda else 0
    return stream


def is_watched(tensors: Sequence[Tensor]) -> bool:
    """Return whether a tracer or torch.func needs to see an operator."""
    transformed: bool = torch._C._are_functorch_transforms_active()
    return transformed or any(type(tensor) not in _PLAIN for tensor in tensors)


def _slope_text(work: Work) -> str:
    recorder = Recorder()
    distance = Symbol(recorder, recorder.add(Op.INPUT, attribute="distance"))
    result = work.slope(distance)
    return f"{recorder.operations!r} {result.index if isinstance(result, Symbol) else result!r}"


def _forward(
    loop: str, inputs: list[Tensor], states: list[Tensor], parameters: list[Tensor]
) -> list[Tensor]:
    spikes, last = _prepared[loop].loop.forward(inputs, states, parameters)
    return [spikes, *last]


def _forward_shapes(
    loop: str, inputs: list[Tensor], states: list[Tensor], parameters: list[Tensor]
) -> list[Tensor]:
    work, first = _prepared[loop].work, inputs[0]
    states_out = work.equations.states if work.final else ()
    last = [first.new_empty(first.shape[1:], dtype=work.kind) for _ in states_out]
    return [output_like(first, work.output, work.kind), *last]


def _backward(
    loop: str,
    inputs: list[Tensor],
    states: list[Tensor],
    parameters: list[Tensor],
    incoming: Tensor | None,
    later: list[Tensor | None],
    needs: list[bool],
) -> list[Tensor]:
    gradients = _prepared[loop].loop.backward(inputs, states, parameters, incoming, later, needs)
    return [inputs[0].new_empty(0) if g is None else g for g in gradients]


def _backward_shapes(
    loop: str,
    inputs: list[Tensor],
    states: list[Tensor],
    parameters: list[Tensor],
    incoming: Tensor | None,
    later: list[Tensor | None],
    needs: list[bool],
) -> list[Tensor]:
    tensors = zip([*inputs, *states, *parameters], needs, strict=True)
    return [t.new_empty(t.shape if need else 0) for t, need in tensors]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    loop, *groups = inputs
    ctx.set_materialize_grads(False)
    ctx.loop, ctx.counts = loop, [len(group) for group in groups]
    if _prepared[loop].work.output != Output.INPUT:
        ctx.mark_non_differentiable(output[0])
    ctx.save_for_backward(*(tensor for group in groups for tensor in group))


def _differentiate(ctx: Any, gradients: list[Tensor | None]) -> tuple[Any, ...]:
    needs = [need for group in ctx.needs_input_grad[1:] for need in group]
    _refuse_twice(_prepared[ctx.loop])
    saved = _parted(ctx.saved_tensors, ctx.counts)
    incoming, *later = gradients
    computed = torch.ops.snncore.sequence_backward(ctx.loop, *saved, incoming, later, needs)
    needed = [g if need else None for g, need in zip(computed, needs, strict=True)]
    return (None, *_parted(needed, ctx.counts))


def _refuse_twice(entry: _Prepared) -> None:
    """Raise an error if a gradient of the gradient is requested.

    Raises:
        RuntimeError: if it is.
    """
    if torch.is_grad_enabled():
        raise RuntimeError(refusal_of_second_derivative(entry.work, entry.backend))


class _Direct(torch.autograd.Function):
    """The operator outside of graphs; a small layer spends most of its time here."""

    @staticmethod
    def forward(
        ctx: Any, entry: _Prepared, ends: tuple[int, int], *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        first, second = ends
        spikes, last = entry.loop.forward(tensors[:first], tensors[first:second], tensors[second:])
        ctx.set_materialize_grads(False)
        ctx.entry, ctx.ends = entry, ends
        if entry.work.output != Output.INPUT:
            ctx.mark_non_differentiable(spikes)
        ctx.save_for_backward(*tensors)
        return spikes, *last

    @staticmethod
    def backward(ctx: Any, incoming: Tensor | None, *later: Tensor | None) -> tuple[Any, ...]:
        _refuse_twice(ctx.entry)
        first, second = ctx.ends
        tensors, needs = ctx.saved_tensors, ctx.needs_input_grad[2:]
        groups = tensors[:first], tensors[first:second], tensors[second:]
        gradients = ctx.entry.loop.backward(*groups, incoming, later, needs)
        return None, None, *[g if need else None for g, need in zip(gradients, needs, strict=True)]


def _parted(values: Sequence[Any], counts: Sequence[int]) -> list[list[Any]]:
    groups, begin = [], 0
    for count in counts:
        groups.append([*values[begin : begin + count]])
        begin += count
    return groups


_LIBRARY.impl("sequence", _forward, "CompositeExplicitAutograd")
_LIBRARY.impl("sequence_backward", _backward, "CompositeExplicitAutograd")
torch.library.register_fake("snncore::sequence", _forward_shapes, lib=_LIBRARY)
torch.library.register_fake("snncore::sequence_backward", _backward_shapes, lib=_LIBRARY)
torch.library.register_autograd(
    "snncore::sequence", _differentiate, setup_context=_keep, lib=_LIBRARY
)
