"""The C++ backend: one call for a whole sequence forwards, one backwards, on the CPU."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from snncore.dynamics import Equations, Op
from snncore.kernels.cpp.build import NO_COMPILER, compiler, load
from snncore.kernels.cpp.memory import ARENA
from snncore.kernels.cpp.source import CppForm, cpp_source
from snncore.kernels.loop.output import narrowed
from snncore.kernels.loop.plan import is_power_of_two, specialised
from snncore.kernels.loop.work import Loop, Work

# Below this number of neuron steps a second thread costs more than it saves.
WORTH_A_THREAD = 1 << 15

# As fast as -O3 on these loops, and compiled in two thirds of its time (a first call waits for it);
# kernels of integers are up to twice as slow by it, and stay at -O3.
_SOONER = ("-O2", "-ftree-vectorize")


class CppBackend:
    """Kernels compiled by the system's C++ compiler."""

    def refusal(self, work: Work) -> str | None:
        """Return the reason why this backend cannot run the work, or None."""
        if work.device.type != "cpu":
            return f"runs on the CPU, and the input is on {work.device}"
        if compiler() is None:
            return NO_COMPILER
        return None

    def loop(self, work: Work) -> Loop:
        """Make the loop for this work."""
        return CppLoop(work)

    def source(self, work: Work) -> str:
        """Return the source for parameters that are single numbers, all of them learned."""
        form = CppForm(*_doubles(work), (), work.equations.parameters)
        return cpp_source(work.equations, work.slope, form)


class CppLoop:
    """The kernels of one work: one for each choice of learned and varying parameters."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.equations = _without_divisors(work)
        self._libraries: dict[CppForm, Any] = {}
        number = ctypes.c_double if work.kind == torch.float64 else ctypes.c_float
        self._numbers = {name: number(value) for name, value in work.constants}

    def forward(
        self, inputs: Sequence[Tensor], states: Sequence[Tensor], parameters: Sequence[Tensor]
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """Return the output and the last states."""
        work = self.work
        sequences = [self._typed(x) for x in inputs]
        begin = self._begin(sequences[0], states)
        values = self._values(sequences[0], parameters)
        library = self._library(values, [p.requires_grad for p in parameters])
        spikes = ARENA.empty(sequences[0].shape, sequences[0].dtype)
        last = [self._new(sequences[0]) for _ in begin]
        library.forward(
            *_extent(sequences[0]),
            pointers(sequences),
            pointers(begin),
            pointers(values.values()),
            ctypes.c_void_p(spikes.data_ptr()),
            pointers(last),
        )
        kind = work.input_type if work.input_type.is_floating_point else work.kind
        return narrowed(spikes, work.output, kind), last if work.final else ()

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
        work = self.work
        sequences = [self._typed(x) for x in inputs]
        begin = self._begin(sequences[0], states)
        values = self._values(sequences[0], parameters)
        arrived = torch.zeros_like(sequences[0]) if incoming is None else self._typed(incoming)
        last: list[Tensor | None] = [None if g is None else g.contiguous() for g in later]
        last = last or [None for _ in begin]
        to_inputs = [ARENA.empty(x.shape, x.dtype) for x in sequences]
        to_states: list[Tensor | None] = [self._new(sequences[0]) for _ in states]
        to_states = to_states or [None for _ in begin]
        learned = needs[len(inputs) + len(states) :]
        shares = [self._new(sequences[0]) if need else None for need in learned]
        self._library(values, learned).backward(
            *_extent(sequences[0]),
            pointers(sequences),
            pointers(begin),
            pointers(values.values()),
            ctypes.c_void_p(arrived.data_ptr()),
            pointers(last),
            pointers(to_inputs),
            pointers(to_states),
            pointers([share for share in shares if share is not None]),
        )
        results = [x.to(work.input_type) for x in to_inputs] + to_states[: len(states)]
        return [*results, *map(_reduced, shares, parameters)]

    def _typed(self, sequence: Tensor) -> Tensor:
        kind = torch.float64 if _doubles(self.work)[1] else torch.float32
        return sequence.to(kind).contiguous()

    def _new(self, sequence: Tensor) -> Tensor:
        return ARENA.empty(sequence.shape[1:], self.work.kind)

    def _begin(self, sequence: Tensor, states: Sequence[Tensor]) -> list[Tensor | None]:
        if states:
            return [state.contiguous() for state in states]
        return [
            self._new(sequence).fill_(value) if value != 0 else None for value in self.work.begin
        ]

    def _values(self, sequence: Tensor, parameters: Sequence[Tensor]) -> dict[str, Any]:
        """Return the parameters in the order of the equations: a number, or a value per neuron."""
        shape = sequence.shape[1:]
        tensors = dict(zip(self.work.parameters, parameters, strict=True))
        spread = {n: p if p.ndim == 0 else p.expand(shape).contiguous() for n, p in tensors.items()}
        values = self._numbers | spread
        return {name: values[name] for name in self.equations.parameters}

    def _library(self, values: dict[str, Any], learned: Sequence[bool]) -> Any:
        work = self.work
        varied = tuple(n for n, v in values.items() if isinstance(v, Tensor) and v.ndim > 0)
        named = zip(work.parameters, learned, strict=True)
        form = CppForm(*_doubles(work), varied, tuple(name for name, need in named if need))
        if form not in self._libraries:
            library = load(cpp_source(self.equations, work.slope, form), _SOONER)
            library.forward.restype = library.backward.restype = None
            self._libraries[form] = library
        return self._libraries[form]


def _doubles(work: Work) -> tuple[bool, bool]:
    """Return whether the computation, and whether the sequences, are in float64."""
    return work.kind == torch.float64, work.input_type == torch.float64


def _without_divisors(work: Work) -> Equations:
    """Return the equations with those numbers filled in whose quotients are exact products."""
    if work.kind == torch.float64:
        return work.equations
    operations = work.equations.operations
    read = [operations[op.args[1]] for op in operations if op.op == Op.DIVIDE]
    divisors = {operation.attribute for operation in read if operation.op == Op.PARAMETER}
    exact = {n: v for n, v in work.constants if n in divisors and is_power_of_two(v)}
    return specialised(work.equations, exact)


def _reduced(share: Tensor | None, value: Tensor) -> Tensor | None:
    """Add up the neurons' shares in a parameter's gradient, in a fixed order."""
    if share is None or share.shape == value.shape:
        return share
    return share.double().sum_to_size(value.shape).to(share.dtype)


def _extent(sequence: Tensor) -> tuple[ctypes.c_int64, ...]:
    steps = sequence.shape[0]
    size = sequence.numel() // steps
    threads = torch.get_num_threads() if sequence.numel() >= WORTH_A_THREAD else 1
    return ctypes.c_int64(steps), ctypes.c_int64(size), ctypes.c_int64(threads)


def pointers(values: Any) -> Any:
    """Return pointers to tensors and numbers that the caller keeps; None becomes a null pointer."""
    places = [_address(value) for value in values]
    return (ctypes.c_void_p * max(1, len(places)))(*places)


def _address(value: Any) -> int | None:
    if isinstance(value, Tensor):
        return value.data_ptr()
    return None if value is None else ctypes.addressof(value)
