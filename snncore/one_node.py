"""Modules as one node of a compiled graph, for computations that depend on values.

A graph sees no values. A module that chooses its arithmetic by them, as layers on a chip's grid do,
is an operator there: it runs as it does outside of graphs, so results and gradients are the same to
the bit, and one graph serves inputs of every size.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from itertools import count
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

_numbers = count()
_modules: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
_LIBRARY = torch.library.Library("snncore", "FRAGMENT")
# An operator's function runs below autograd, and a module takes its gradients from autograd.
_OUTSIDE = torch._C._dispatch_tls_local_include_set(), torch._C._dispatch_tls_local_exclude_set()
_GIVEN = "str module, Tensor[] inputs, Tensor[] states, Tensor[] tensors"
_LIBRARY.define(f"module({_GIVEN}, Tensor[] changing, bool[] needs) -> Tensor[]")
_LIBRARY.define(
    f"module_backward({_GIVEN}, bool[] needs, Tensor tape, Tensor?[] later) -> Tensor[]"
)


class OneNode(nn.Module):
    """The base of such modules; `one_node` marks their forward."""

    _node: str

    def __new__(cls, *args: Any, **options: Any) -> Self:
        """Return a module with a name of its own, whichever constructors follow."""
        module = super().__new__(cls)
        module._register_node()
        return module

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        # A copy is another module, with states of its own.
        self._register_node()

    def result_like(self, x: Tensor) -> Tensor:
        """Return a tensor of the result's shape and type, for an input without values."""
        raise NotImplementedError(f"{type(self).__name__} does not know its result's shape")

    def stateful(self) -> Any:
        """Return the neurons whose states the forward continues, or None."""
        return None

    def changing(self) -> list[Tensor]:
        """Return the buffers that the forward changes."""
        return []

    def _register_node(self) -> None:
        # A compiled graph is guarded by this name.
        object.__setattr__(self, "_node", f"{type(self).__name__}-{next(_numbers)}")
        _modules[self._node] = self


def one_node(forward: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return the forward of a `OneNode`, which in compiled graphs is one operator."""

    @wraps(forward)
    def dispatched(self: Any, x: Tensor, *more: Any, **options: Any) -> Tensor:
        if torch.compiler.is_compiling() and not more and not options:
            return _in_graph(self, x)
        return forward(self, x, *more, **options)

    return dispatched


def _in_graph(module: OneNode, x: Tensor) -> Tensor:
    """Return the result as a graph computes it, and keep states and buffers."""
    neurons, changing = module.stateful(), module.changing()
    states = [] if neurons is None else [*neurons.states.values()]
    tensors = _unchanging(module, changing)
    learns = torch.is_grad_enabled()
    needs = [learns and tensor.requires_grad for tensor in (x, *states, *tensors)]
    parts = torch.ops.snncore.module(module._node, [x], states, tensors, changing, needs)
    result: Tensor = parts[0]
    rest = parts[1:-1]
    if neurons is not None:
        names = neurons.equations.states
        neurons.states = dict(zip(names, rest[: len(names)], strict=True))
        rest = rest[len(names) :]
    with torch.no_grad():
        for buffer, value in zip(changing, rest, strict=True):
            buffer.copy_(value)
    return result


def _unchanging(module: nn.Module, changing: Sequence[Tensor]) -> list[Tensor]:
    tensors = [*module.parameters(), *module.buffers()]
    return [each for each in tensors if not any(each is other for other in changing)]


@dataclass(frozen=True)
class _Tape:
    """The results of a run, and the tensors from which they were computed."""

    results: list[Tensor]
    leaves: list[Tensor]


# By number: the runs whose gradients may still be asked for.
_tapes: dict[int, _Tape] = {}


def _run(
    name: str,
    groups: Sequence[Sequence[Tensor]],
    changing: Sequence[Tensor],
    needs: Sequence[bool],
) -> tuple[_Tape, list[Tensor]]:
    """Run a module outside of graphs; return the run and the changed buffers."""
    module = _modules[name]
    flat = [tensor for group in groups for tensor in group]
    pairs = zip(flat, needs, strict=True)
    leaves = [tensor.detach().requires_grad_(need) for tensor, need in pairs]
    inputs, states, tensors = _parted(leaves, groups)
    copies = [buffer.clone() for buffer in changing]
    with (
        torch._C._ForceDispatchKeyGuard(*_OUTSIDE),
        torch.set_grad_enabled(any(needs)),
        _holding(module, tensors, copies),
    ):
        results = _results(module, inputs, states)
    return _Tape(results, leaves), copies


def _results(module: Any, inputs: Sequence[Tensor], states: Sequence[Tensor]) -> list[Tensor]:
    """Return the result and the last states; the module's own states stay as they are."""
    forward, neurons = type(module).forward.__wrapped__, module.stateful()
    if neurons is None:
        return [forward(module, *inputs).double()]
    before, names = neurons.states, neurons.equations.states
    neurons.states = dict(zip(names, states, strict=True)) if states else {}
    try:
        result = forward(module, *inputs)
        return [result, *(neurons.states[name].double() for name in names)]
    finally:
        neurons.states = before


@contextmanager
def _holding(module: Any, tensors: Sequence[Tensor], changing: Sequence[Tensor]) -> Iterator[None]:
    """Give a module these tensors in place of its own."""
    own = module.changing()
    pairs = zip((*_unchanging(module, own), *own), (*tensors, *changing), strict=True)
    new = {id(old): tensor for old, tensor in pairs}
    before = []
    for part in module.modules():
        for entries in (part._parameters, part._buffers):
            for key, old in entries.items():
                if id(old) in new:
                    before.append((entries, key, old))
                    entries[key] = new[id(old)]
    try:
        yield
    finally:
        for entries, key, old in before:
            entries[key] = old


def _forward(
    module: str,
    inputs: list[Tensor],
    states: list[Tensor],
    tensors: list[Tensor],
    changing: list[Tensor],
    needs: list[bool],
) -> list[Tensor]:
    tape, copies = _run(module, (inputs, states, tensors), changing, needs)
    results = [result.detach().contiguous() for result in tape.results]
    return [*results, *copies, _kept(tape) if any(needs) else torch.tensor(-1)]


def _kept(tape: _Tape) -> Tensor:
    """Return the number of a run, which is kept for as long as the tensor's memory lives."""
    number = np.array(next(_numbers))
    _tapes[int(number)] = tape
    weakref.finalize(number, _tapes.pop, int(number), None).atexit = False
    return torch.from_numpy(number)


def _forward_shapes(
    module: str,
    inputs: list[Tensor],
    states: list[Tensor],
    tensors: list[Tensor],
    changing: list[Tensor],
    needs: list[bool],
) -> list[Tensor]:
    owner = _modules[module]
    # A device chooses kernels by size, and the graph would be made for that choice alone.
    x, *weights = (torch.empty_like(each, device="meta") for each in (inputs[0], *tensors))
    with _holding(owner, weights, changing):
        like = owner.result_like(x)
    result = inputs[0].new_empty(like.shape, dtype=like.dtype)
    neurons = owner.stateful()
    names = () if neurons is None else neurons.equations.states
    step = () if neurons is None else result.shape[0 if neurons.step_mode == "s" else 1 :]
    last = [inputs[0].new_empty(step, dtype=torch.float64) for _ in names]
    copies = [torch.empty_like(buffer) for buffer in changing]
    return [result, *last, *copies, torch.empty((), dtype=torch.int64, device="cpu")]


def _backward(
    module: str,
    inputs: list[Tensor],
    states: list[Tensor],
    tensors: list[Tensor],
    needs: list[bool],
    tape: Tensor,
    later: list[Tensor | None],
) -> list[Tensor]:
    groups = inputs, states, tensors
    run = _tapes.pop(int(tape), None)
    if run is None:
        # The second backward of a graph, or one whose memory went elsewhere in between.
        changing = [buffer.clone() for buffer in _modules[module].changing()]
        run, _ = _run(module, groups, changing, needs)
    pairs = [
        (result, gradient)
        for result, gradient in zip(run.results, later, strict=False)
        if gradient is not None and result.requires_grad
    ]
    wanted = [leaf for leaf in run.leaves if leaf.requires_grad]
    asked = [result for result, _ in pairs], wanted, [gradient for _, gradient in pairs]
    computed = iter(
        torch.autograd.grad(*asked, allow_unused=True) if pairs else [None] * len(wanted)
    )
    return [
        _gradient(leaf, next(computed)) if leaf.requires_grad else leaf.new_empty(0)
        for leaf in run.leaves
    ]


def _gradient(leaf: Tensor, gradient: Tensor | None) -> Tensor:
    return torch.zeros_like(leaf) if gradient is None else gradient.contiguous()


def _backward_shapes(
    module: str,
    inputs: list[Tensor],
    states: list[Tensor],
    tensors: list[Tensor],
    needs: list[bool],
    tape: Tensor,
    later: list[Tensor | None],
) -> list[Tensor]:
    flat = zip((*inputs, *states, *tensors), needs, strict=True)
    return [each.new_empty(each.shape if need else 0) for each, need in flat]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    module, *groups, changing, needs = inputs
    ctx.set_materialize_grads(False)
    ctx.module, ctx.needs, ctx.changing = module, needs, len(changing)
    ctx.results = len(output) - 1 - len(changing)
    ctx.counts = [len(group) for group in groups]
    ctx.mark_non_differentiable(*output[ctx.results :])
    ctx.save_for_backward(*(tensor for group in groups for tensor in group), output[-1])


def _differentiate(ctx: Any, gradients: list[Tensor | None]) -> tuple[Any, ...]:
    *flat, tape = ctx.saved_tensors
    groups = _parted(flat, [range(count) for count in ctx.counts])
    later = gradients[: ctx.results]
    computed = torch.ops.snncore.module_backward(ctx.module, *groups, ctx.needs, tape, later)
    needed = [each if need else None for each, need in zip(computed, ctx.needs, strict=True)]
    return (None, *_parted(needed, groups), [None] * ctx.changing, None)


def _parted(values: Sequence[Any], groups: Sequence[Any]) -> list[list[Any]]:
    """Return values in groups as large as these."""
    parts, begin = [], 0
    for group in groups:
        parts.append([*values[begin : begin + len(group)]])
        begin += len(group)
    return parts


_LIBRARY.impl("module", _forward, "CompositeExplicitAutograd")
_LIBRARY.impl("module_backward", _backward, "CompositeExplicitAutograd")
torch.library.register_fake("snncore::module", _forward_shapes, lib=_LIBRARY)
torch.library.register_fake("snncore::module_backward", _backward_shapes, lib=_LIBRARY)
torch.library.register_autograd(
    "snncore::module", _differentiate, setup_context=_keep, lib=_LIBRARY
)
