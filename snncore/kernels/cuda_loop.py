"""The time loop in CUDA: which measures it gets, and how it is launched."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from snncore.dynamics.equations import Equations
from snncore.kernels.backend import Work
from snncore.kernels.cuda_source import (
    Form,
    Step,
    backward_arguments,
    backward_source,
    forward_arguments,
    forward_source,
    step_of,
)
from snncore.kernels.inline.build import Options
from snncore.kernels.inline.program import Program
from snncore.kernels.inline.signature import Argument, Signature
from snncore.kernels.output import Output, pack
from snncore.kernels.plan import Plan
from snncore.kernels.triton_loop import Spread, spread_of

KINDS = {torch.float32: "float32", torch.float16: "float16", torch.bfloat16: "bfloat16"}
# From here on 31 bits do not count the neurons.
_WIDE = 1 << 31
# Threads that keep a chip busy: no fewer share out the neurons.
BUSY = 1 << 18


@dataclass(frozen=True)
class Config:
    """Threads a block, neurons a thread at most, steps together, and steps in shared memory."""

    threads: int
    lanes: int
    chunk: int
    span: int = 0


def forward_config(steps: int, itemsize: int) -> Config:
    """The forward kernel's measures for so many steps of so many bytes."""
    return Config(128, 8 // itemsize, steps if steps <= 16 else 8)


def backward_config(step: Equations, learned: int, steps: int, itemsize: int) -> Config:
    """The backward kernel's measures for so many steps of so many bytes."""
    if steps <= 4:
        return Config(128, 8 // itemsize, steps)
    if steps <= (16 if len(step.states) + learned == 1 else 8):
        return Config(128, 4 // itemsize, steps)
    chunk = 8
    # Steps that a span holds are whole chunks.
    span = min(64 // len(step.inputs), (steps - 1) // chunk * chunk)
    return Config(128, 4 // itemsize, chunk, max(chunk, span // chunk * chunk))


class CudaLoop:
    """The kernels of one work: another for each form of what is given and asked for.

    Gradients of an `exact` loop are rounded after each operation, as the C++ kernels round them.
    """

    def __init__(self, work: Work, *, exact: bool = False) -> None:
        self.work, self.exact = work, exact
        self.plan = Plan(work.equations, work.slope, work.constants, work.begin)
        self._steps: dict[tuple[str, ...], Step] = {}
        self._programs: dict[tuple[str, Form], Program] = {}

    def forward(
        self,
        inputs: Sequence[Tensor],
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        config: Config | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """The output, and the last states if they are asked for."""
        work, shape = self.work, inputs[0].shape
        given = [_row(value) for value in inputs]
        like = given[0]
        narrow = work.output != Output.INPUT
        kind = torch.uint8 if narrow else like.dtype
        spikes = torch.empty(shape, dtype=kind, device=like.device)
        last = [_floats(like, shape[1:]) for _ in work.equations.states if work.final]
        if like.numel():
            config = config or forward_config(shape[0], like.element_size())
            tensors = [*given, spikes, *(_row(s.float()) for s in states), *last]
            form = self._form(like, states, parameters, config, tensors, work.final)
            self._launch("forward", replace(form, narrow=narrow), tensors, like, parameters)
        return (pack(spikes) if work.output == Output.BITS else spikes), last

    def backward(
        self,
        inputs: Sequence[Tensor],
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        incoming: Tensor | None,
        later: Sequence[Tensor | None],
        needs: Sequence[bool],
        config: Config | None = None,
    ) -> list[Tensor | None]:
        """From the gradients of the output and of the last states to those of what was given."""
        step = self.plan.step
        names = (*step.inputs, *(step.states if states else ()), *step.parameters)
        needed = {name for name, need in zip(names, needs, strict=True) if need}
        given = dict(zip(names, [*inputs, *states, *parameters], strict=True))
        if inputs[0].numel():
            found = self._gradients(inputs, states, parameters, incoming, later, needed, config)
        else:
            found = {name: torch.zeros_like(given[name]) for name in needed}
        return [found[name] if name in needed else None for name in names]

    def source(self) -> str:
        """Both kernels for four steps from given states to the last ones, with all gradients."""
        step = self.plan.step
        form = Form("float32", 2, 128, 4, 4, looped=False, initial=True, final=True)
        back = Form(
            "float32",
            2,
            128,
            4,
            4,
            looped=False,
            initial=True,
            final=True,
            wanted=step.inputs,
            states=True,
            learned=step.parameters,
        )
        made = self._step(step.parameters)
        return "\n\n".join([forward_source(made, form), backward_source(made, back)])

    def _gradients(
        self,
        inputs: Sequence[Tensor],
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        incoming: Tensor | None,
        later: Sequence[Tensor | None],
        needed: set[str],
        config: Config | None,
    ) -> dict[str, Tensor]:
        """The gradients by name: of what is needed, and of all states if of one."""
        step = self.plan.step
        given = [_row(value) for value in inputs]
        like = given[0]
        neurons = like[0].numel()
        learned = tuple(name for name in step.parameters if name in needed)
        config = config or backward_config(step, len(learned), like.shape[0], like.element_size())
        arrived = torch.zeros_like(like) if incoming is None else incoming
        ends = any(gradient is not None for gradient in later)
        last = [_floats(like, neurons).zero_() if g is None else g for g in later if ends]
        rows = {
            n: torch.empty(like.shape, dtype=like.dtype, device=like.device)
            for n in step.inputs
            if n in needed
        }
        begins = {}
        if states and not needed.isdisjoint(step.states):
            begins = {name: _floats(like, like.shape[1:]) for name in step.states}
        tensors = [*given, _row(arrived), *rows.values()]
        tensors += [*(_row(s.float()) for s in (*states, *last)), *begins.values()]
        form = self._form(
            like,
            states,
            parameters,
            config,
            tensors,
            ends,
            wanted=tuple(rows),
            states_too=bool(begins),
            learned=learned,
        )
        blocks = -(-neurons // (form.lanes * form.threads))
        shares = {
            name: _floats(like, neurons if name in form.spread else blocks) for name in form.learned
        }
        tensors += shares.values()
        if form.looped:
            spans = (like.shape[0] - form.rest) // form.span
            tensors.append(_floats(like, spans * len(step.states) * neurons))
        self._launch("backward", form, tensors, like, parameters)
        values = dict(zip(step.parameters, parameters, strict=True))
        spread = self._spread(like, parameters)
        return (
            rows | begins | {n: _gathered(s, spread.get(n), values[n]) for n, s in shares.items()}
        )

    def _form(
        self,
        like: Tensor,
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        config: Config,
        tensors: Sequence[Tensor],
        final: bool,
        *,
        wanted: tuple[str, ...] = (),
        states_too: bool = False,
        learned: tuple[str, ...] = (),
    ) -> Form:
        steps, neurons = like.shape[0], like[0].numel()
        chunks = (steps - 1) // config.chunk
        return Form(
            kind=KINDS[like.dtype],
            lanes=_lanes(config.lanes, neurons, tensors),
            threads=config.threads,
            chunk=config.chunk,
            rest=steps - chunks * config.chunk,
            looped=chunks > 0,
            initial=bool(states),
            final=final,
            wide=neurons >= _WIDE,
            spread=tuple(self._spread(like, parameters)),
            span=config.span,
            wanted=wanted,
            states=states_too,
            learned=learned,
        )

    def _spread(self, like: Tensor, parameters: Sequence[Tensor]) -> dict[str, Spread]:
        """The parameters that vary by neuron, and how they lie."""
        step = self.plan.step
        places = {
            name: spread_of(value, like.shape[1:], f"{step.name}.{name}")
            for name, value in zip(step.parameters, parameters, strict=True)
        }
        return {name: place for name, place in places.items() if place is not None}

    def _step(self, learned: tuple[str, ...]) -> Step:
        if learned not in self._steps:
            self._steps[learned] = step_of(self.plan, learned, exact=self.exact)
        return self._steps[learned]

    def _program(self, name: str, form: Form) -> Program:
        if (name, form) not in self._programs:
            step = self._step(form.learned)
            if name == "forward":
                source, arguments = forward_source(step, form), forward_arguments(step, form)
            else:
                source, arguments = backward_source(step, form), backward_arguments(step, form)
            taken = tuple(
                Argument(argument, "any", kind.endswith("*"), "const" in kind, kind)
                for kind, argument in arguments
            )
            self._programs[name, form] = Program(source, (Signature(name, name, taken),), Options())
        return self._programs[name, form]

    def _launch(
        self,
        name: str,
        form: Form,
        tensors: Sequence[Tensor],
        like: Tensor,
        parameters: Sequence[Tensor],
    ) -> None:
        step, neurons = self.plan.step, like[0].numel()
        places = self._spread(like, parameters).values()
        arguments = [
            *tensors,
            *(parameter.float().contiguous() for parameter in parameters),
            *(ctypes.c_longlong(v) for place in places for v in (place.inner, place.count)),
            ctypes.c_longlong(neurons),
            ctypes.c_int((like.shape[0] - 1) // form.chunk),
        ]
        shared = form.shared_bytes(len(step.inputs), len(step.states)) if form.span else 0
        self._program(name, form).launch(
            name,
            (-(-neurons // (form.lanes * form.threads)), 1, 1),
            (form.threads, 1, 1),
            arguments,
            like.device,
            shared,
        )


def _lanes(most: int, neurons: int, tensors: Sequence[Tensor]) -> int:
    """So many neurons a thread that its accesses are aligned and there are enough threads."""
    lanes = most
    while lanes > 1 and (
        neurons % lanes
        or neurons < lanes * BUSY
        or any(t.data_ptr() % min(16, lanes * t.element_size()) for t in tensors)
    ):
        lanes //= 2
    return lanes


def _row(values: Tensor) -> Tensor:
    """The values one after another, in a type that the kernels read."""
    return (values if values.dtype in KINDS else values.float()).contiguous()


def _floats(like: Tensor, size: int | Sequence[int]) -> Tensor:
    return torch.empty(size, dtype=torch.float32, device=like.device)


def _gathered(share: Tensor, spread: Spread | None, parameter: Tensor) -> Tensor:
    """A parameter's gradient from those of neurons or blocks, added up in a fixed order."""
    if spread is None:
        return share.sum(dtype=torch.float64).to(parameter.dtype).view_as(parameter)
    return share.view(-1, spread.count, spread.inner).sum((0, 2)).view_as(parameter)
