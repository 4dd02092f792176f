"""The C++ backend: one call for a whole sequence forwards, one backwards, on the CPU."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from snncore.dynamics import Equations, Op
from snncore.dynamics.adjoint import Slope
from snncore.kernels.backend import Tensors, Work
from snncore.kernels.cpp_build import compiler, load
from snncore.kernels.cpp_source import CPP, Form, cpp_source

# Below so many neuron steps a second thread costs more than it brings.
WORTH_A_THREAD = 1 << 15


class CppBackend:
    """Kernels compiled by the system's C++ compiler."""

    def __init__(self) -> None:
        self._kernels: dict[Any, _Kernel] = {}

    def refusal(self, work: Work) -> str | None:
        """Why this backend cannot run the work, or nothing if it can."""
        if work.device.type != "cpu":
            return f"runs on the CPU, and the input is on {work.device}"
        if torch.compiler.is_compiling():
            return "torch.compile traces the torch loop"
        if compiler() is None:
            return "no C++ compiler was found (install g++ or clang++, or set CXX)"
        return _no_words(work.equations)

    def run(
        self, work: Work, inputs: Tensors, states: Tensors, parameters: Mapping[str, Tensor]
    ) -> tuple[Tensor, Tensors]:
        """Spikes (T, N, ...) and the last states."""
        step = inputs[0].shape[1:]
        values = [p if p.ndim == 0 else p.expand(step) for p in parameters.values()]
        names = tuple(parameters)
        form = Form(
            work.kind == torch.float64,
            tuple(n for n, p in zip(names, values, strict=True) if p.ndim > 0),
            tuple(n for n, p in zip(names, values, strict=True) if p.requires_grad),
        )
        kernel = self._kernel(work, form)
        spikes, *last = _Sequence.apply(kernel, *inputs, *states, *values)
        return spikes, tuple(last)

    def source(self, work: Work) -> str:
        """The source for parameters that are single numbers, all of them learned."""
        form = Form(work.kind == torch.float64, (), work.equations.parameters)
        return cpp_source(work.equations, work.slope, form)

    def _kernel(self, work: Work, form: Form) -> _Kernel:
        key = (work.key, form)
        if key not in self._kernels:
            self._kernels[key] = _Kernel.of(work.equations, work.slope, form)
        return self._kernels[key]


@lru_cache(maxsize=512)
def _no_words(equations: Equations) -> str | None:
    for operation in equations.operations:
        if operation.op == Op.LOG:
            return "the bits of a logarithm differ from torch's"
        leaf = operation.op in (Op.STATE, Op.INPUT, Op.PARAMETER, Op.CONSTANT)
        if not leaf and operation.op not in CPP.spelling:
            return f"there is no word for {operation.op.value}"
    return None


@dataclass(frozen=True)
class _Kernel:
    equations: Equations
    form: Form
    library: Any

    @classmethod
    def of(cls, equations: Equations, slope: Slope, form: Form) -> _Kernel:
        """The compiled kernel."""
        library = load(cpp_source(equations, slope, form))
        library.forward.restype = library.backward.restype = None
        return cls(equations, form, library)

    def split(self, tensors: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Inputs, states and parameters."""
        inputs = len(self.equations.inputs)
        states = inputs + len(self.equations.states)
        return list(tensors[:inputs]), list(tensors[inputs:states]), list(tensors[states:])


class _Sequence(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, kernel: _Kernel, *tensors: Tensor) -> Tensors:
        tensors = tuple(tensor.contiguous() for tensor in tensors)
        ctx.kernel = kernel
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors)
        inputs, states, parameters = kernel.split(tensors)
        spikes = torch.empty_like(inputs[0])
        last = [torch.empty_like(state) for state in states]
        kernel.library.forward(
            *_extent(inputs[0]),
            pointers(inputs),
            pointers(states),
            pointers(parameters),
            ctypes.c_void_p(spikes.data_ptr()),
            pointers(last),
        )
        return (spikes, *last)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        kernel: _Kernel = ctx.kernel
        if torch.is_grad_enabled():
            raise RuntimeError(
                f"{kernel.equations.name}: the C++ kernels have no second derivative "
                '(backend="torch" has)'
            )
        inputs, states, parameters = kernel.split(ctx.saved_tensors)
        given = [
            torch.zeros_like(like) if gradient is None else gradient.contiguous()
            for gradient, like in zip(gradients, [inputs[0], *states], strict=True)
        ]
        back = [[torch.empty_like(tensor) for tensor in group] for group in (inputs, states)]
        learned = {name: torch.empty_like(inputs[0][0]) for name in kernel.form.learned}
        kernel.library.backward(
            *_extent(inputs[0]),
            pointers(inputs),
            pointers(states),
            pointers(parameters),
            ctypes.c_void_p(given[0].data_ptr()),
            pointers(given[1:]),
            *(pointers(group) for group in back),
            pointers(list(learned.values())),
        )
        by_parameter = [
            _reduced(learned.get(name), value)
            for name, value in zip(kernel.equations.parameters, parameters, strict=True)
        ]
        return (None, *back[0], *back[1], *by_parameter)


def _reduced(gradient: Tensor | None, value: Tensor) -> Tensor | None:
    """The neurons' shares in a parameter's gradient, added up in a fixed order."""
    if gradient is None or value.ndim > 0:
        return gradient
    return gradient.sum(dtype=torch.float64).to(gradient.dtype)


def _extent(sequence: Tensor) -> tuple[ctypes.c_int64, ...]:
    steps = sequence.shape[0]
    size = sequence.numel() // steps
    threads = torch.get_num_threads() if sequence.numel() >= WORTH_A_THREAD else 1
    return ctypes.c_int64(steps), ctypes.c_int64(size), ctypes.c_int64(threads)


def pointers(tensors: Sequence[Tensor]) -> Any:
    """Where the tensors' values lie, as C sees an array of pointers."""
    return (ctypes.c_void_p * max(1, len(tensors)))(*(tensor.data_ptr() for tensor in tensors))
