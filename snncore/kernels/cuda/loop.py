"""The time loop in CUDA: which measures it gets, and how it is launched."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import torch
from torch import Tensor

from snncore.kernels.cuda.shape import (
    CudaConfig,
    Layout,
    backward_config,
    forward_config,
    lanes_for,
)
from snncore.kernels.cuda.source import (
    CudaForm,
    StepText,
    backward_arguments,
    backward_source,
    forward_arguments,
    forward_source,
    step_of,
)
from snncore.kernels.host.loop import Argument as Role
from snncore.kernels.host.loop import Backward, HostLoop, Start, Terms, numbered
from snncore.kernels.launch.build import Options
from snncore.kernels.launch.program import CudaProgram
from snncore.kernels.launch.signature import Argument, Signature
from snncore.kernels.loop.output import Output, output_like, pack
from snncore.kernels.loop.plan import KernelPlan
from snncore.kernels.loop.spread import Spread, spread_of
from snncore.kernels.loop.work import Work

KINDS = {torch.float32: "float32", torch.float16: "float16", torch.bfloat16: "bfloat16"}
_BACKWARD = ("input", "arrived", "to_input", "state", "later", "to_state", "share", "notes")
# From here on 31 bits do not count the neurons.
_WIDE = 1 << 31


# Inputs, states and parameters as they are given.
_Call = tuple[Sequence[Tensor], Sequence[Tensor], Sequence[Tensor]]


@dataclass(frozen=True)
class _Operands:
    """A loop's arguments, as the kernels read them."""

    inputs: list[Tensor]
    states: list[Tensor]
    parameters: list[Tensor]

    @classmethod
    def of(
        cls, inputs: Sequence[Tensor], states: Sequence[Tensor], parameters: Sequence[Tensor]
    ) -> _Operands:
        """Return the values in contiguous memory, in types that the kernels read."""
        return cls(
            [(v if v.dtype in KINDS else v.float()).contiguous() for v in inputs],
            [value.float().contiguous() for value in states],
            [value.float().contiguous() for value in parameters],
        )

    @property
    def neurons(self) -> int:
        """How many neurons there are."""
        return self.inputs[0][0].numel()

    def blocks(self, form: CudaForm) -> int:
        """Return the number of thread blocks."""
        return -(-self.neurons // (form.lanes * form.threads))


class CudaLoop:
    """The kernels of one step: one for each form of its arguments and results.

    `step` prints the step with the gradients of the parameters it is given.
    """

    def __init__(
        self,
        layout: Layout,
        step: Callable[[tuple[str, ...]], StepText],
        output: Output = Output.INPUT,
        *,
        final: bool = True,
        kind: torch.dtype = torch.float32,
        options: Options | None = None,
    ) -> None:
        # States come and go in this type; the kernels have them as float32.
        self.kind, self.real = kind, torch.float32
        self.host: HostLoop | None = None
        self.layout, self.step, self.output, self.final = layout, step, output, final
        self.options = options or Options()
        self._programs: dict[tuple[str, CudaForm], CudaProgram] = {}

    @classmethod
    def of(cls, work: Work, *, exact: bool = False) -> CudaLoop:
        """Make the loop for a work; if `exact`, gradients are rounded after each operation."""
        plan = KernelPlan(work.equations, work.slope, work.constants, work.begin)
        step = cache(partial(step_of, plan, exact=exact))
        return cls(plan.step, step, work.output, final=work.final, kind=work.kind)

    def forward(
        self,
        inputs: Sequence[Tensor],
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        config: CudaConfig | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the output, and the last states if they are requested."""
        operands = _Operands.of(inputs, states, parameters)
        like, shape = operands.inputs[0], operands.inputs[0].shape
        last = [_floats(like, shape[1:]) for _ in self.layout.states if self.final]
        output = self._output(operands)
        spikes = output_like(like, output, torch.float32)
        if like.numel():
            config = config or forward_config(shape[0], operands.neurons, like.element_size())
            tensors = [*operands.inputs, spikes, *operands.states, *last]
            form = replace(self._form(operands, config, tensors, self.final), output=output)
            if output == Output.BITS:
                form = _with_eight_lanes(form, shape[0])
            self._launch("forward", form, tensors, operands)
            self._enter(form, (inputs, states, parameters), operands, tensors, None)
        last = [value.to(self.kind) for value in last]
        return (pack(spikes) if output != self.output else spikes), last

    def backward(
        self,
        inputs: Sequence[Tensor],
        states: Sequence[Tensor],
        parameters: Sequence[Tensor],
        incoming: Tensor | None,
        later: Sequence[Tensor | None],
        needs: Sequence[bool],
        config: CudaConfig | None = None,
    ) -> list[Tensor | None]:
        """Return the gradients of the arguments, given those of the output and the last states."""
        step = self.layout
        names = (*step.inputs, *(step.states if states else ()), *step.parameters)
        needed = {name for name, need in zip(names, needs, strict=True) if need}
        if inputs[0].numel():
            operands = _Operands.of(inputs, states, parameters)
            call = inputs, states, parameters
            gradients = self._gradients(operands, incoming, later, needed, config, call)
        else:
            tensors = dict(zip(names, [*inputs, *states, *parameters], strict=True))
            gradients = {name: torch.zeros_like(tensors[name]) for name in needed}
        return [gradients[name] if name in needed else None for name in names]

    def sources(self) -> list[str]:
        """Return both kernels for four steps between given and last states, with all gradients."""
        step = self.layout
        forward = CudaForm("float32", 2, 128, 4, 4, looped=False, initial=True, final=True)
        backward = replace(forward, wanted=step.inputs, states=True, learned=step.parameters)
        step_text = self.step(step.parameters)
        return [forward_source(step_text, forward), backward_source(step_text, backward)]

    def _output(self, operands: _Operands) -> Output:
        """Return the form of the kernel's output: bits only if each thread has a byte of them."""
        aligned = all(t.data_ptr() % 16 == 0 for t in (*operands.inputs, *operands.states))
        if self.output == Output.BITS and (operands.neurons % 8 or not aligned):
            return Output.BYTES
        return self.output

    def _gradients(
        self,
        operands: _Operands,
        incoming: Tensor | None,
        later: Sequence[Tensor | None],
        needed: set[str],
        config: CudaConfig | None,
        call: _Call,
    ) -> dict[str, Tensor]:
        """Return the needed gradients by name, and those of all states if one is needed."""
        step, like = self.layout, operands.inputs[0]
        learned = tuple(name for name in step.parameters if name in needed)
        config = config or backward_config(
            step, len(learned), like.shape[0], operands.neurons, like.element_size()
        )
        arrived = torch.zeros_like(like) if incoming is None else incoming.contiguous()
        ends = any(gradient is not None for gradient in later)
        last = [_floats(like, like.shape[1:]).zero_() if g is None else g for g in later if ends]
        rows = {name: torch.empty_like(like) for name in step.inputs if name in needed}
        begins = {}
        if operands.states and not needed.isdisjoint(step.states):
            begins = {name: _floats(like, like.shape[1:]) for name in step.states}
        tensors = [*operands.inputs, arrived, *rows.values(), *operands.states]
        tensors += [*(value.float().contiguous() for value in last), *begins.values()]
        form = replace(
            self._form(operands, config, tensors, ends),
            wanted=tuple(rows),
            states=bool(begins),
            learned=learned,
        )
        shares = {name: _floats(like, self._terms(name, form, operands)) for name in learned}
        tensors += shares.values()
        if form.looped:
            spans = (like.shape[0] - form.rest) // form.span
            tensors.append(_floats(like, spans * len(step.states) * operands.neurons))
        self._launch("backward", form, tensors, operands)
        spread = self._spread(operands)
        values = dict(zip(step.parameters, operands.parameters, strict=True))
        back = self._back(form, operands, needed, ends, shares)
        self._enter(form, call, operands, tensors, back)
        sums = {n: _gathered(s, spread.get(n), values[n]) for n, s in shares.items()}
        return rows | {name: value.to(self.kind) for name, value in begins.items()} | sums

    @staticmethod
    def _terms(name: str, form: CudaForm, operands: _Operands) -> int:
        """Allocate the terms of a parameter's gradient: one per neuron, or one per block."""
        return operands.neurons if name in form.spread else operands.blocks(form)

    def _form(
        self, operands: _Operands, config: CudaConfig, tensors: Sequence[Tensor], final: bool
    ) -> CudaForm:
        like = operands.inputs[0]
        steps = like.shape[0]
        chunks = (steps - 1) // config.chunk
        return CudaForm(
            kind=KINDS[like.dtype],
            lanes=lanes_for(config.lanes, operands.neurons, tensors),
            threads=config.threads,
            chunk=config.chunk,
            rest=steps - chunks * config.chunk,
            looped=chunks > 0,
            initial=bool(operands.states),
            final=final,
            wide=operands.neurons >= _WIDE,
            spread=tuple(self._spread(operands)),
            span=config.span,
        )

    def _spread(self, operands: _Operands) -> dict[str, Spread]:
        """Return the layout of each parameter that varies by neuron."""
        step, shape = self.layout, operands.inputs[0].shape[1:]
        places = {
            name: spread_of(value, shape, f"{step.name}.{name}")
            for name, value in zip(step.parameters, operands.parameters, strict=True)
        }
        return {name: spread for name, spread in places.items() if spread is not None}

    def _program(self, name: str, form: CudaForm) -> CudaProgram:
        if (name, form) not in self._programs:
            step = self.step(form.learned)
            if name == "forward":
                source, arguments = forward_source(step, form), forward_arguments(step, form)
            else:
                source, arguments = backward_source(step, form), backward_arguments(step, form)
            declared = tuple(
                Argument(argument, "any", kind.endswith("*"), "const" in kind, kind)
                for kind, argument in arguments
            )
            self._programs[name, form] = CudaProgram(
                source, (Signature(name, name, declared),), self.options
            )
        return self._programs[name, form]

    def _launch(
        self, name: str, form: CudaForm, tensors: Sequence[Tensor], operands: _Operands
    ) -> None:
        *layout, chunks = self._layout(form, operands)
        numbers = [*map(ctypes.c_longlong, layout), ctypes.c_int(chunks)]
        grid, block = (operands.blocks(form), 1, 1), (form.threads, 1, 1)
        self._program(name, form).launch(
            name,
            grid,
            block,
            [*tensors, *operands.parameters, *numbers],
            operands.inputs[0].device,
            self._shared(form),
        )

    def _layout(self, form: CudaForm, operands: _Operands) -> list[int]:
        """Return the numbers behind a kernel's tensors."""
        spread = self._spread(operands).values()
        spans = [value for each in spread for value in (each.inner, each.count)]
        return [*spans, operands.neurons, (operands.inputs[0].shape[0] - 1) // form.chunk]

    def _shared(self, form: CudaForm) -> int:
        step = self.layout
        return form.shared_bytes(len(step.inputs), len(step.states)) if form.span else 0

    def _back(
        self,
        form: CudaForm,
        operands: _Operands,
        needed: set[str],
        ends: bool,
        shares: Mapping[str, Tensor],
    ) -> Backward:
        """Return what a backward kernel computes, and the memory that it needs."""
        step, spread = self.layout, self._spread(operands)
        begun = step.states if operands.states else ()
        names = (*step.inputs, *begun, *step.parameters)
        terms = []
        for name, share in shares.items():
            layout = spread.get(name)
            sizes = (layout.count, layout.inner) if layout is not None else (0, 0)
            terms.append(Terms(step.parameters.index(name), share.numel(), *sizes))
        steps = operands.inputs[0].shape[0]
        spans = (steps - form.rest) // form.span if form.looped else 0
        notes = spans * len(step.states) * operands.neurons
        return Backward(tuple(name in needed for name in names), ends, tuple(terms), notes)

    def _roles(
        self, form: CudaForm, operands: _Operands, count: int, back: Backward | None
    ) -> list[Role]:
        """Return the roles of a kernel's tensors, of which `count` stand before parameters."""
        inputs, states = len(operands.inputs), len(operands.states)
        parameters = numbered(("parameter",), (len(operands.parameters),))
        if back is None:
            counts = [inputs, 1, states, count - inputs - 1 - states]
            return numbered(("input", "spikes", "state", "last"), counts) + parameters
        ends = len(self.layout.states) if back.ends else 0
        begins = len(self.layout.states) if form.states else 0
        counts = [inputs, 1, len(form.wanted), states, ends, begins]
        return numbered(_BACKWARD, [*counts, len(back.shares), int(form.looped)]) + parameters

    def _enter(
        self,
        form: CudaForm,
        call: _Call,
        operands: _Operands,
        tensors: Sequence[Tensor],
        back: Backward | None,
    ) -> None:
        """Let compiled code start this kernel for tensors like these, if it reads them as is."""
        originals = [tensor for group in call for tensor in group]
        own = [*operands.inputs, *operands.states, *operands.parameters]
        same = all(a.dtype == b.dtype for a, b in zip(originals, own, strict=True))
        aligned = all(each.data_ptr() % 16 == 0 for each in tensors)
        if self.host is None or self.kind != torch.float32 or not (same and aligned):
            return
        if self.host.absence():
            return
        name = "forward" if back is None else "backward"
        arguments = self._roles(form, operands, len(tensors), back)
        arguments += [("number", number) for number in self._layout(form, operands)]
        machine = self._program(name, form).machine(tensors[0].device)
        function, waits = machine.address(name)
        start = Start(
            function,
            operands.blocks(form),
            form.threads,
            self._shared(form),
            tuple(arguments),
            waits,
        )
        self.host.enter(originals, start, back)


def _with_eight_lanes(form: CudaForm, steps: int) -> CudaForm:
    """Return the form with eight neurons per thread, and as many pending loads as that allows."""
    chunk = min(steps, 4 if form.itemsize == 4 else 8)
    chunks = (steps - 1) // chunk
    return replace(form, lanes=8, chunk=chunk, rest=steps - chunks * chunk, looped=chunks > 0)


def _floats(like: Tensor, size: int | Sequence[int]) -> Tensor:
    return torch.empty(size, dtype=torch.float32, device=like.device)


def _gathered(share: Tensor, spread: Spread | None, parameter: Tensor) -> Tensor:
    """Add up a parameter's gradient from those of neurons or blocks, in a fixed order."""
    if spread is None:
        return share.sum(dtype=torch.float64).to(parameter.dtype).view_as(parameter)
    return share.view(-1, spread.count, spread.inner).sum((0, 2)).view_as(parameter)
