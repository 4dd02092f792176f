"""The time loop in Triton, compiled from its printed source and launched."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from snncore.dynamics.printing.render import compile_step
from snncore.kernels.host.loop import Argument, Backward, HostLoop, Terms, numbered
from snncore.kernels.loop.output import Output, output_like
from snncore.kernels.loop.plan import KernelPlan
from snncore.kernels.loop.spread import Spread, spread_of
from snncore.kernels.loop.work import Work
from snncore.kernels.triton.launch import Launch
from snncore.kernels.triton.shape import (
    Shape,
    TritonConfig,
    backward_config,
    forward_config,
    segmented,
)
from snncore.kernels.triton.source import backward_source, forward_source

# The kernels read these as they are; all others come as float32, or, of wide works, as they are.
READ = (torch.float32, torch.float16, torch.bfloat16, torch.uint8)


_BACKWARD = (
    "arrived",
    "input",
    "to_input",
    "state",
    "later",
    "to_state",
    "share",
    "notes",
    "parameter",
)


@dataclass(frozen=True)
class _Cut:
    """The execution of one form of call: its kernel, and its outputs."""

    shape: Shape
    launch: Launch
    programs: int
    spread: Mapping[str, Spread]


class TritonLoop:
    """The kernels of one work: one for each form of its arguments and results."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.plan = KernelPlan(work.equations, work.slope, work.constants, work.begin)
        # A step computes in this type, and states lie in memory as the work's.
        wide = work.kind == torch.float64 and not work.narrows
        self.real = torch.float64 if wide else torch.float32
        self.host: HostLoop | None = None
        self._kernels: dict[tuple[str, Shape], Any] = {}
        self._cuts: dict[Hashable, _Cut] = {}

    def forward(
        self, inputs: Sequence[Tensor], states: Sequence[Tensor], parameters: Sequence[Tensor]
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """Return the output and the last states."""
        work, like = self.work, inputs[0]
        spikes = output_like(like, work.output, work.kind)
        last = [_new(like, like.shape[1:], work.kind) for _ in work.equations.states if work.final]
        if not like.numel():
            return spikes, last
        key = _form(like, states, parameters)
        cut = self._cuts.get(key)
        if cut is None:
            cut = self._cuts[key] = self._cut_forward(like, states, parameters)
        arguments = [*map(self._row, inputs), spikes, *map(self._row, states), *last]
        arguments += [parameter.contiguous() for parameter in parameters]
        cut.launch(arguments)
        if self.host is not None and like.is_cuda and not self.host.absence():
            counts = len(inputs), 1, len(states), len(last), len(parameters)
            roles = numbered(("input", "spikes", "state", "last", "parameter"), counts)
            self._enter([*inputs, *states, *parameters], cut, arguments, roles)
        return spikes, last

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
        arguments = [*inputs, *states, *parameters]
        if not inputs[0].numel():
            pairs = zip(arguments, needs, strict=True)
            return [torch.zeros_like(value) if need else None for value, need in pairs]
        step = self.plan.step
        ends = any(gradient is not None for gradient in later)
        key = *_form(inputs[0], states, parameters), tuple(needs), ends
        cut = self._cuts.get(key)
        names = (*step.inputs, *(step.states if states else ()), *step.parameters)
        if cut is None:
            needed = {name for name, need in zip(names, needs, strict=True) if need}
            cut = self._cut_backward(inputs[0], states, parameters, ends, needed)
            self._cuts[key] = cut
        gradients = self._gradients(
            cut, inputs, states, parameters, incoming, later if ends else (), tuple(needs)
        )
        return [gradients[name] if need else None for name, need in zip(names, needs, strict=True)]

    def source(self) -> str:
        """Return both kernels for four steps between given and last states, with all gradients."""
        step = self.plan.step
        forward = Shape(0, 16, 4, 4, masked=True, initial=True, final=True)
        backward = replace(forward, inputs=step.inputs, states=True, parameters=step.parameters)
        texts = forward_source(self.plan, forward), backward_source(self.plan, backward)
        return "\n\n".join(texts)

    def _gradients(
        self,
        cut: _Cut,
        inputs: Sequence[Tensor],
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        incoming: Tensor | None,
        later: Sequence[Tensor | None],
        needs: tuple[bool, ...],
    ) -> dict[str, Tensor]:
        """Return the needed gradients by name, and those of all states if one is needed."""
        step, like, shape = self.plan.step, inputs[0], cut.shape
        neurons = like.numel() // like.shape[0]
        arrived = torch.zeros_like(like) if incoming is None else incoming
        kind = self.work.kind
        last = [_new(like, neurons, kind).zero_() if g is None else g for g in later]
        gradients = {name: torch.empty_like(like, memory_format=_ROWS) for name in shape.inputs}
        begins = {name: _new(like, like.shape[1:], kind) for name in step.states if shape.states}
        shares = {
            name: _new(like, neurons if name in cut.spread else cut.programs, torch.float32)
            for name in shape.parameters
        }
        row = self._row
        arguments = [row(arrived), *map(row, inputs), *gradients.values(), *map(row, states)]
        arguments += [*map(row, last), *begins.values(), *shares.values()]
        if shape.segments:
            parts, _ = segmented(like.shape[0], shape.segment)
            arguments.append(_new(like, parts * len(step.states) * neurons, self.real))
        arguments += [parameter.contiguous() for parameter in parameters]
        cut.launch(arguments)
        if self.host is not None and like.is_cuda and not self.host.absence():
            counts = [1, len(inputs), len(shape.inputs), len(states), len(last), len(begins)]
            counts += [len(shares), int(shape.segments > 0), len(parameters)]
            back = self._back(cut, like, needs, bool(last), shares)
            tensors = [*inputs, *states, *parameters]
            self._enter(tensors, cut, arguments, numbered(_BACKWARD, counts), back)
        if shares:
            values = dict(zip(step.parameters, parameters, strict=True))
            gradients |= {n: _gathered(s, cut.spread.get(n), values[n]) for n, s in shares.items()}
        return gradients | begins if begins else gradients

    def _enter(
        self,
        tensors: Sequence[Tensor],
        cut: _Cut,
        arguments: Sequence[Tensor],
        roles: Sequence[Argument],
        back: Backward | None = None,
    ) -> None:
        """Let compiled code start this kernel for tensors that it reads as they are."""
        assert self.host is not None
        inputs = tensors[: len(self.plan.step.inputs)]
        if any(each.dtype not in READ and each.dtype != self.work.kind for each in inputs):
            return
        start = cut.launch.start_for(arguments, roles)
        if start is not None:
            self.host.enter(tensors, start, back)

    def _back(
        self,
        cut: _Cut,
        like: Tensor,
        needs: tuple[bool, ...],
        ends: bool,
        shares: Mapping[str, Tensor],
    ) -> Backward:
        """Return the memory that a backward kernel needs."""
        step = self.plan.step
        terms = []
        for name, share in shares.items():
            layout = cut.spread.get(name)
            spread = (layout.count, layout.inner) if layout is not None else (0, 0)
            terms.append(Terms(step.parameters.index(name), share.numel(), *spread))
        parts, _ = segmented(like.shape[0], cut.shape.segment)
        notes = parts * len(step.states) * like[0].numel() if cut.shape.segments else 0
        return Backward(needs, ends, tuple(terms), notes)

    def _cut_forward(
        self, like: Tensor, states: Sequence[Tensor], parameters: Sequence[Tensor]
    ) -> _Cut:
        neurons = like[0].numel()
        config = forward_config(like.shape[0], neurons, like.element_size())
        spread = self._spread(like, parameters)
        shape = self._shape(like, states, spread, config, self.work.final)
        shape = replace(shape, bits=self.work.output == Output.BITS)
        return self._cut("forward", shape, spread, like, config)

    def _cut_backward(
        self,
        like: Tensor,
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        ends: bool,
        needed: set[str],
    ) -> _Cut:
        step, neurons = self.plan.step, like[0].numel()
        learned = len(needed.intersection(step.parameters))
        config = backward_config(self.plan, like.shape[0], neurons, like.element_size(), learned)
        spread = self._spread(like, parameters)
        shape = replace(
            self._shape(like, states, spread, config, ends),
            ahead=config.ahead,
            inputs=tuple(name for name in step.inputs if name in needed),
            states=bool(states) and not needed.isdisjoint(step.states),
            parameters=tuple(name for name in step.parameters if name in needed),
        )
        return self._cut("backward", shape, spread, like, config)

    def _shape(
        self,
        like: Tensor,
        states: Sequence[Tensor],
        spread: Mapping[str, Spread],
        config: TritonConfig,
        final: bool,
    ) -> Shape:
        segments, rest = segmented(like.shape[0], config.segment)
        return Shape(
            segments=min(segments, 1),
            segment=config.segment,
            rest=rest,
            chunk=config.chunk,
            masked=like[0].numel() % config.block != 0,
            initial=bool(states),
            final=final,
            pack=config.pack,
            spread=tuple(spread),
            real=str(self.real).removeprefix("torch."),
            cast=self.work.kind == torch.float64,
        )

    def _row(self, values: Tensor) -> Tensor:
        """Return the values in contiguous memory, in a type that the kernels read."""
        kept = values.dtype in READ or values.dtype == self.work.kind
        return (values if kept else values.float()).contiguous()

    def _spread(self, like: Tensor, parameters: Sequence[Tensor]) -> dict[str, Spread]:
        """Return the layout of each parameter that varies by neuron."""
        places = {
            name: spread_of(value, like.shape[1:], f"{self.plan.step.name}.{name}")
            for name, value in zip(self.plan.step.parameters, parameters, strict=True)
        }
        return {name: spread for name, spread in places.items() if spread is not None}

    def _cut(
        self, name: str, shape: Shape, spread: dict[str, Spread], like: Tensor, config: TritonConfig
    ) -> _Cut:
        kernel = self._kernels.get((name, shape))
        if kernel is None:
            printed = forward_source if name == "forward" else backward_source
            kernel = self._kernels[name, shape] = compiled(printed(self.plan, shape), name)
        neurons = like[0].numel()
        programs = -(-neurons // config.block)
        numbers = [value for layout in spread.values() for value in (layout.inner, layout.count)]
        segments, _ = segmented(like.shape[0], shape.segment)
        launch = Launch(kernel, programs, [*numbers, neurons], segments, config)
        return _Cut(shape, launch, programs, spread)


def _form(like: Tensor, states: Sequence[Tensor], parameters: Sequence[Tensor]) -> tuple[Any, ...]:
    """Return the part of a kernel's key that depends on the call and not on the work."""
    return like.shape, like.dtype, bool(states), *[parameter.shape for parameter in parameters]


def compiled(source: str, name: str) -> Any:
    """Return the kernel that a printed source defines."""
    return compile_step(source, {"__name__": "snncore.kernels.generated"}, name)


_ROWS = torch.contiguous_format


def _new(like: Tensor, size: int | Sequence[int], kind: torch.dtype) -> Tensor:
    return torch.empty(size, dtype=kind, device=like.device)


def _gathered(share: Tensor, spread: Spread | None, parameter: Tensor) -> Tensor:
    """Add up a parameter's gradient from those of neurons or programs, in a fixed order."""
    if spread is None:
        return share.sum(dtype=parameter.dtype).view_as(parameter)
    parts = share.view(-1, spread.count, spread.inner)
    return parts.sum((0, 2), dtype=parameter.dtype).view_as(parameter)
