"""Parts of a network that keep their input alone, and are computed again by the backward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from snncore import layer
from snncore.neuron import Neuron
from snncore.training.bits import from_bits, to_bits

Run = Callable[[Tensor], Tensor]


def recomputed(run: Run, modules: nn.Module, x: Tensor) -> Tensor:
    """Return the output of a part of a network for an input; spikes are kept as bits.

    States, buffers and random numbers are the same the second time. `modules` holds all that the
    part consists of.
    """
    part = _Part(run, modules)
    states = [holder.states[key] for holder, key in part.before]
    parameters = [each for each in modules.parameters() if each.requires_grad]
    if not torch.is_grad_enabled():
        return run(x)
    output: Tensor
    output, *last = _Recompute.apply(part, len(states), x, *states, *parameters)
    part.put(part.after, last)
    return output


class _Part:
    """A part of a network, with its layers that have states."""

    def __init__(self, run: Run, modules: nn.Module) -> None:
        self.run, self.modules = run, modules
        self.holders: list[Any] = [
            each for each in modules.modules() if isinstance(each, Neuron | layer.StateLayer)
        ]
        self.before = self.places()
        self.after: list[tuple[Any, str]] = []

    def places(self) -> list[tuple[Any, str]]:
        """Return the layer and the name of each state that there is now."""
        return [(holder, key) for holder in self.holders for key in holder.states]

    def put(self, places: Sequence[tuple[Any, str]], values: Sequence[Tensor]) -> None:
        """Give the layers these states and no others."""
        for holder in self.holders:
            holder.states = {}
        for (holder, key), value in zip(places, values, strict=True):
            holder.states[key] = value

    def computed(self, x: Tensor) -> list[Tensor]:
        """Return the output and the last states."""
        output = self.run(x)
        self.after = self.places()
        return [output, *(holder.states[key] for holder, key in self.after)]

    @contextmanager
    def again(self, states: Sequence[Tensor]) -> Iterator[None]:
        """Begin with these states; afterwards states and buffers are as they were."""
        places = self.places()
        present = [holder.states[key] for holder, key in places]
        tables = [(each._buffers, dict(each._buffers)) for each in self.modules.modules()]
        for table, buffers in tables:
            # Copies: autograd refuses a buffer that changed after it was used.
            table.update({key: None if b is None else b.clone() for key, b in buffers.items()})
        self.put(self.before, states)
        try:
            yield
        finally:
            self.put(places, present)
            for table, buffers in tables:
                table.update(buffers)


class _Recompute(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, part: _Part, count: int, x: Tensor, *others: Tensor) -> Any:
        ctx.set_materialize_grads(False)
        ctx.part, ctx.count = part, count
        ctx.random = torch.get_rng_state(), _cuda_state(x)
        device = x.device.type
        autocast = torch.is_autocast_enabled(device)
        ctx.autocast = device, torch.get_autocast_dtype(device), autocast
        # Noted first: the part may change a state in place.
        ctx.form = (x.shape, x.dtype) if _are_spikes(x) else None
        kept = to_bits(x.detach()) if ctx.form else x
        ctx.save_for_backward(kept, *others)
        results = part.computed(x)
        fixed = [each for each in results if not each.is_floating_point()]
        ctx.mark_non_differentiable(*fixed)
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor | None) -> tuple[Any, ...]:
        kept, *others = ctx.saved_tensors
        part, needs = ctx.part, ctx.needs_input_grad[2:]
        x = from_bits(kept, *ctx.form) if ctx.form else kept.detach()
        parameters = others[ctx.count :]
        states = [each.detach() for each in others[: ctx.count]]
        leaves = [x, *states]
        for leaf, need in zip(leaves, needs, strict=False):
            leaf.requires_grad_(need)
        device, kind, autocast = ctx.autocast
        with (
            torch.enable_grad(),
            _random(x, *ctx.random),
            torch.autocast(device, dtype=kind, enabled=autocast),
            part.again(states),
        ):
            results = part.computed(x)
        pairs = [
            (result, gradient)
            for result, gradient in zip(results, incoming, strict=True)
            if gradient is not None and result.requires_grad
        ]
        wanted = [each for each, need in zip([*leaves, *parameters], needs, strict=True) if need]
        if not pairs or not wanted:
            return (None,) * (2 + len(needs))
        asked = [result for result, _ in pairs], wanted, [gradient for _, gradient in pairs]
        gradients = iter(torch.autograd.grad(*asked, allow_unused=True))
        return None, None, *(next(gradients) if need else None for need in needs)


def _are_spikes(x: Tensor) -> bool:
    """Return whether every value is 0 or 1, so that a bit holds it."""
    return x.is_floating_point() and bool(((x == 0) | (x == 1)).all())


def _cuda_state(x: Tensor) -> Tensor | None:
    return torch.cuda.get_rng_state(x.device) if x.is_cuda else None


@contextmanager
def _random(x: Tensor, state: Tensor, on_gpu: Tensor | None) -> Iterator[None]:
    """Draw the numbers that were drawn from this state on."""
    with torch.random.fork_rng([x.device] if x.is_cuda else []):
        torch.set_rng_state(state)
        if on_gpu is not None:
            torch.cuda.set_rng_state(on_gpu, x.device)
        yield


def parts_of(network: nn.Module) -> list[tuple[nn.Module, list[list[nn.Module]]]]:
    """Return the modules whose forward may go in parts: layers up to the next neurons, or whole."""
    if type(network) is nn.Sequential:
        groups: list[list[nn.Module]] = [[]]
        for child in network:
            groups[-1].append(child)
            if any(isinstance(each, Neuron) for each in child.modules()):
                groups.append([])
        return [(network, [group for group in groups if group])]
    parts: list[tuple[nn.Module, list[list[nn.Module]]]] = []
    for child in network.children():
        if not isinstance(child, Neuron) and any(isinstance(e, Neuron) for e in child.modules()):
            parts += parts_of(child) if type(child) is nn.Sequential else [(child, [[child]])]
    return parts


@contextmanager
def in_parts(network: nn.Module) -> Iterator[None]:
    """Let every part of a network keep its input alone, for the forward passes in this block."""
    changed = [(owner, _forward_of(owner, groups)) for owner, groups in parts_of(network)]
    for owner, forward in changed:
        vars(owner)["forward"] = forward
    try:
        yield
    finally:
        for owner, _ in changed:
            del vars(owner)["forward"]


def _forward_of(owner: nn.Module, groups: list[list[nn.Module]]) -> Run:
    if groups == [[owner]]:
        whole = type(owner).forward

        def forward_whole(x: Tensor) -> Tensor:
            return recomputed(lambda value: whole(owner, value), owner, x)

        return forward_whole
    chains = [nn.Sequential(*group) for group in groups]

    def forward_chains(x: Tensor) -> Tensor:
        for chain in chains:
            x = recomputed(chain, chain, x)
        return x

    return forward_chains
