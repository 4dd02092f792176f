"""CUDA C compiled as C++ and run on the CPU, thread by thread: slow, and exact."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from threading import Lock
from typing import Any

from torch import Tensor

from snncore.kernels.cpp.build import compiler, load
from snncore.kernels.launch.cpu_words import WORDS
from snncore.kernels.launch.signature import Signature

# Threads that wait for one another take turns; others run to their end, one after another.
_WAITS = re.compile(r"\b(__sync\w+|__shfl\w*_sync|__(ballot|any|all|reduce\w*)_sync)\b")
_DYNAMIC = re.compile(
    r"extern\s+__shared__\s+(?:__align__\s*\([^()]*\)\s*)?([\w\s]+?)\s*(\w+)\s*\[\s*\]\s*;"
)

# Kernels run on a CPU to be tested, once or twice: compiling must be quick.
_FLAGS = ("-O0", "-fno-strict-aliasing")


class OnCpu:
    """Kernels of a source as functions on memory of the CPU."""

    def __init__(self, source: str, kernels: Sequence[Signature]) -> None:
        self._library: Any = load(cpu_source(source, kernels), _FLAGS)
        self._functions = {k.name: self._library[f"launch_{k.function}"] for k in kernels}
        self._alone = Lock()
        self._waits = _WAITS.search(source) is not None

    def launch(
        self,
        name: str,
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        arguments: Sequence[Any],
        shared: int = 0,
    ) -> None:
        """Run the kernel for every thread; arguments are tensors and ctypes values.

        Raises:
            RuntimeError: if threads wait for one another without end.
        """
        sizes = (ctypes.c_uint * 6)(*grid, *block)
        values = [ctypes.c_void_p(a.data_ptr()) if isinstance(a, Tensor) else a for a in arguments]
        places = (ctypes.c_void_p * max(1, len(values)))(
            *(ctypes.addressof(value) for value in values)
        )
        with self._alone:
            size = ctypes.c_size_t(shared)
            failed = self._functions[name](sizes, size, int(self._waits), places)
        if failed:
            raise RuntimeError(
                f"{name}: threads of a block wait for others that never come "
                "(all must reach __syncthreads and the same __shfl)"
            )

    def address(self, name: str) -> tuple[int, bool]:
        """Return the address of a kernel's function, and whether its threads wait."""
        return ctypes.cast(self._functions[name], ctypes.c_void_p).value or 0, self._waits


def cpu_source(source: str, kernels: Sequence[Signature]) -> str:
    """Write C++ with a function for each kernel that runs it for every thread.

    Raises:
        ValueError: if a kernel uses what only a GPU has.
    """
    for name in re.findall(
        r"#\s*include\s*[<\"](cuda[\w.]*|mma\.h|cooperative_groups\w*\.h)", source
    ):
        raise ValueError(f"{name} is for GPUs: a kernel that includes it does not run on a CPU")
    text = _DYNAMIC.sub(r"static \1 *&\2 = reinterpret_cast<\1 *&>(on_cpu::dynamic);", source)
    return "\n".join([WORDS, '#line 1 "kernel.cu"', text, *(_launcher(k) for k in kernels)])


def _launcher(kernel: Signature) -> str:
    values = ", ".join(f"*({a.written} *)given[{n}]" for n, a in enumerate(kernel.arguments))
    return (
        f'extern "C" int launch_{kernel.function}'
        "(const unsigned *sizes, size_t shared, int waits, void **given)\n{\n"
        f"    return on_cpu::run(sizes, shared, waits, [=] {{ {kernel.function}({values}); }});\n}}"
    )


def available() -> bool:
    """Return whether a compiler can build kernels for the CPU."""
    return compiler() is not None
