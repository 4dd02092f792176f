"""Element-wise kernels from a few lines: every float type, 16 bytes at a time, with a gradient."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from snncore.kernels.cuda import memory as cuda_memory
from snncore.kernels.cuda.source import ELEMENTS, filled
from snncore.kernels.cuda.words import FUNCTIONS
from snncore.kernels.inline.body import check_names, mentions, placed
from snncore.kernels.launch.build import Options, build
from snncore.kernels.launch.program import CudaProgram
from snncore.kernels.launch.signature import Argument, Signature

THREADS = 256
# Fewer elements than that are shared out among more threads.
MANY = 1 << 20
_KINDS = {torch.float32: "float32", torch.float16: "float16", torch.bfloat16: "bfloat16"}
_TEXT = """
static __device__ __forceinline__ void each(@VALUES@)
{
    @BODY@
}

extern "C" __global__ void __launch_bounds__(THREADS) @NAME@(@ARGUMENTS@)
{
    const Place first = (Place(blockIdx.x) * THREADS + threadIdx.x) * LANES;
    if (first >= size) return;
    @FETCH@
    float @RESULTS@;
#pragma unroll
    for (int lane = 0; lane < LANES; lane++) each(@PASSED@);
    @PUT@
}
"""


def elementwise(
    body: str,
    *,
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = ("y",),
    parameters: Sequence[str] = (),
    backward: str | None = None,
    name: str = "elementwise",
    options: Options | None = None,
) -> Elementwise:
    """Make a function of tensors that runs the body for every element.

    The body reads inputs and parameters and assigns outputs, all of them float; tensors are
    float32, float16 or bfloat16. `backward` reads these and grad_y for each output y, and assigns
    grad_x for each input x. Parameters are numbers, given by name.

    Raises:
        ValueError: if names clash, or a body forgets an output.
    """
    return Elementwise(
        body, tuple(inputs), tuple(outputs), tuple(parameters), backward, name, options or Options()
    )


class Elementwise:
    """An element-wise function, compiled for each type it meets."""

    def __init__(
        self,
        body: str,
        inputs: tuple[str, ...],
        outputs: tuple[str, ...],
        parameters: tuple[str, ...],
        backward: str | None,
        name: str,
        options: Options,
    ) -> None:
        check_names(name, (name,), inputs, outputs, parameters)
        if not inputs or not outputs:
            raise ValueError(f"{name}: there is at least one input and one output")
        missing = next((output for output in outputs if not mentions(body, output)), None)
        if missing is not None:
            raise ValueError(f"{name}: the body does not assign the output {missing}")
        self.name, self.inputs, self.outputs, self.parameters = name, inputs, outputs, parameters
        self.body, self.options = body, options
        self.back: Elementwise | None = None
        self._programs: dict[tuple[str, int], CudaProgram] = {}
        if backward is not None:
            arriving = (*inputs, *(f"grad_{output}" for output in outputs))
            leaving = tuple(f"grad_{label}" for label in inputs)
            self.back = Elementwise(
                backward, arriving, leaving, parameters, None, f"{name}_backward", options
            )

    def __call__(self, *tensors: Tensor, **numbers: float) -> Any:
        """Return the output, or a tuple of all outputs, shaped and typed like the inputs.

        Raises:
            TypeError, ValueError: if inputs or parameters do not fit; names them.
        """
        self._check(tensors, numbers)
        values = tuple(float(numbers[label]) for label in self.parameters)
        results = _Function.apply(self, values, *(tensor.contiguous() for tensor in tensors))
        return results[0] if len(self.outputs) == 1 else results

    def source(self, kind: str = "float32", lanes: int = 4) -> str:
        """Write the CUDA source for an input type and a number of elements per thread."""
        element, conversions = ELEMENTS[kind]
        arguments = [f"const {element} *__restrict__ {label}_" for label in self.inputs]
        arguments += [f"{element} *__restrict__ {label}_" for label in self.outputs]
        arguments += [f"const float {label}" for label in self.parameters]
        values = [f"const float {label}" for label in (*self.inputs, *self.parameters)]
        passed = [f"value(row_{label}, lane)" for label in self.inputs]
        passed += [*self.parameters, *(f"{label}[lane]" for label in self.outputs)]
        parts = {
            "ELEMENT": element,
            "CONVERSIONS": conversions,
            "LANES": str(lanes),
            "THREADS": str(THREADS),
            "NAME": self.name,
            "BODY": placed(self.body, self.name),
            "VALUES": ", ".join([*values, *(f"float &{label}" for label in self.outputs)]),
            "ARGUMENTS": ", ".join([*arguments, "const long long size"]),
            "FETCH": "\n".join(f"const Row row_{i} = fetch({i}_ + first);" for i in self.inputs),
            "RESULTS": ", ".join(f"{label}[LANES]" for label in self.outputs),
            "PASSED": ", ".join(passed),
            "PUT": "\n".join(f"put({o}_ + first, packed({o}));" for o in self.outputs),
        }
        return filled(FUNCTIONS + cuda_memory.ROWS + _TEXT, parts)

    def compile_for(self, architecture: str = "sm_90", kind: str = "float32") -> str:
        """Compile for a GPU that need not be there; what the compiler said.

        Raises:
            CompilerError: if the body does not compile; lines are the body's.
        """
        logs = [build(self.source(kind), self.options, architecture).log]
        if self.back is not None:
            logs.append(self.back.compile_for(architecture, kind))
        return "\n".join(logs)

    def run(self, tensors: Sequence[Tensor], values: Sequence[float]) -> tuple[Tensor, ...]:
        """Compute the outputs for contiguous inputs, without a gradient."""
        like = tensors[0]
        results = tuple(torch.empty_like(like) for _ in self.outputs)
        if like.numel():
            lanes = _lanes([*tensors, *results])
            arguments = [
                *tensors,
                *results,
                *(ctypes.c_float(value) for value in values),
                ctypes.c_longlong(like.numel()),
            ]
            grid = (-(-like.numel() // (THREADS * lanes)), 1, 1)
            program = self._program(_KINDS[like.dtype], lanes)
            program.launch(self.name, grid, (THREADS, 1, 1), arguments, like.device)
        return results

    def _program(self, kind: str, lanes: int) -> CudaProgram:
        if (kind, lanes) not in self._programs:
            pointer = f"{ELEMENTS[kind][0]} *"
            declared = [Argument(n, "any", True, True, f"const {pointer}") for n in self.inputs]
            declared += [Argument(n, "any", True, False, pointer) for n in self.outputs]
            declared += [Argument(n, "float32", False, False, "float") for n in self.parameters]
            declared.append(Argument("size", "int64", False, False, "long long"))
            kernel = Signature(self.name, self.name, tuple(declared))
            source = self.source(kind, lanes)
            self._programs[kind, lanes] = CudaProgram(source, (kernel,), self.options)
        return self._programs[kind, lanes]

    def _check(self, tensors: Sequence[Tensor], numbers: dict[str, float]) -> None:
        if len(tensors) != len(self.inputs):
            raise TypeError(f"{self.name} takes {', '.join(self.inputs)}")
        if set(numbers) != set(self.parameters):
            odd = sorted(set(numbers) ^ set(self.parameters))[0]
            raise TypeError(f"{self.name}: see the parameter {odd}; there are {self.parameters}")
        for label, value in numbers.items():
            if not isinstance(value, int | float):
                raise TypeError(f"{self.name}: {label} is a number, not {type(value).__name__}")
        for label, tensor in zip(self.inputs, tensors, strict=True):
            if tensor.dtype not in _KINDS:
                raise TypeError(
                    f"{self.name}: {label} is {tensor.dtype}, not float32, float16 or bfloat16"
                )
            first = tensors[0]
            if (tensor.shape, tensor.dtype, tensor.device) != (
                first.shape,
                first.dtype,
                first.device,
            ):
                raise ValueError(f"{self.name}: {label} differs from the first input")


def _lanes(tensors: Sequence[Tensor]) -> int:
    """Choose the elements per thread: 16 bytes, if there are enough and they are aligned."""
    like = tensors[0]
    lanes = 16 // like.element_size()
    while lanes > 1 and (
        like.numel() % lanes
        or like.numel() < lanes * MANY
        or any(t.data_ptr() % (lanes * t.element_size()) for t in tensors)
    ):
        lanes //= 2
    return lanes


class _Function(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, owner: Elementwise, values: tuple[float, ...], *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        ctx.owner, ctx.values = owner, values
        ctx.save_for_backward(*tensors)
        return owner.run(tensors, values)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        back = ctx.owner.back
        if back is None:
            raise RuntimeError(f"{ctx.owner.name}: there is no gradient (give backward=)")
        incoming = [gradient.contiguous() for gradient in gradients]
        return (None, None, *back.run([*ctx.saved_tensors, *incoming], ctx.values))
