"""Kernels of a CUDA source given as text, to be called with torch tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor

from snncore.kernels.inline.checked import checked
from snncore.kernels.launch.build import Options, build
from snncore.kernels.launch.program import CudaProgram
from snncore.kernels.launch.signature import Signature, signatures, with_c_names

Size = int | Sequence[int]
# The architecture to build for if no GPU is present.
_ASSUMED = "sm_90"
_MOST_THREADS = 1024
# NVRTC knows no header of the standard library, and these names all the same.
_TYPES = """\
#ifdef __CUDACC_RTC__
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
#endif
#line 1 "kernel.cu"
"""


def load(
    source: str,
    *,
    kernels: Mapping[str, str] | None = None,
    options: Options | None = None,
    architecture: str | None = None,
    force_rebuild: bool = False,
) -> Kernels:
    """Compile a CUDA source now, for this machine's GPU or the architecture, and get its kernels.

    Kernels are those that a comment `// @kernel` stands before (a word behind it is the name they
    are called by), or those that `kernels` names: name -> function, or its declaration where a
    macro makes it. The architecture `cpu` compiles for this machine's processor.

    Raises:
        CompilerError: if the source does not compile; lines are those of the text.
        ValueError: if no kernel is found, or its declaration cannot be read.
    """
    declared = signatures(source, kernels)
    program = CudaProgram(_TYPES + with_c_names(source, declared), declared, options or Options())
    architecture = architecture or _architecture()
    log = ""
    if architecture == "cpu":
        program.machine(torch.device("cpu"))
    else:
        log = build(program.source, program.options, architecture, force=force_rebuild).log
    return Kernels(program, log)


def _architecture() -> str:
    if torch.cuda.is_available() and torch.version.cuda is not None:
        return "sm_{}{}".format(*torch.cuda.get_device_capability())
    return _ASSUMED


class Kernels:
    """The kernels of one source, as attributes; `log` has the compiler's messages."""

    def __init__(self, program: CudaProgram, log: str) -> None:
        self.log = log
        self._kernels = {kernel.name: Kernel(program, kernel) for kernel in program.kernels}

    def __getattr__(self, name: str) -> Kernel:
        kernels = self.__dict__.get("_kernels", {})
        if name not in kernels:
            raise AttributeError(f"no kernel {name!r}; there are {', '.join(kernels)}")
        kernel: Kernel = kernels[name]
        return kernel

    def __iter__(self) -> Iterator[Kernel]:
        return iter(self._kernels.values())

    def __dir__(self) -> list[str]:
        return [*self._kernels, "log"]


class Kernel:
    """One kernel: called with its arguments, it runs on torch's current stream."""

    def __init__(self, program: CudaProgram, signature: Signature) -> None:
        self.signature = signature
        self._program = program

    def __repr__(self) -> str:
        return f"<kernel {self.signature}>"

    def __call__(
        self,
        *arguments: Any,
        grid: Size | None = None,
        block: Size = 256,
        elements: int | None = None,
        shared: int = 0,
    ) -> None:
        """Run with this grid, or with a thread for each element.

        Elements are those of the largest tensor where nothing is said. `shared` is the size of
        dynamic shared memory in bytes. On tensors of the CPU the threads run one after another.

        Raises:
            TypeError, ValueError: if arguments, grid or block do not fit; names the argument.
        """
        name = self.signature.name
        values, device = checked(self.signature, arguments)
        threads = _three(block, f"{name}: block")
        if not 0 < prod(threads) <= _MOST_THREADS:
            raise ValueError(f"{name}: a block has 1 to {_MOST_THREADS} threads, not {threads}")
        if grid is None:
            if elements is None:
                elements = max(a.numel() for a in arguments if isinstance(a, Tensor))
            grid = -(-elements // prod(threads))
        elif elements is not None:
            raise ValueError(f"{name}: give grid or elements, not both")
        blocks = _three(grid, f"{name}: grid")
        # A launch of nothing is an error of CUDA, and here it is what it says.
        if prod(blocks):
            self._program.launch(name, blocks, threads, values, device, shared)


def _three(size: Size, name: str) -> tuple[int, int, int]:
    sizes = (size,) if isinstance(size, int) else tuple(size)
    if not 1 <= len(sizes) <= 3 or any(n < 0 for n in sizes):
        raise ValueError(f"{name} is one to three whole numbers, not {size!r}")
    x, y, z = (*sizes, 1, 1)[:3]
    return x, y, z
