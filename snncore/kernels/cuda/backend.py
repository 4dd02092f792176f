"""The CUDA backend: kernels printed as CUDA C, compiled by NVIDIA and launched through CuPy."""

from __future__ import annotations

from functools import lru_cache

import torch

from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import LEAVES
from snncore.kernels.cuda.loop import CudaLoop
from snncore.kernels.cuda.words import CUDA
from snncore.kernels.launch.build import missing
from snncore.kernels.launch.on_gpu import no_cupy
from snncore.kernels.loop.work import Loop, Work


class CudaBackend:
    """Kernels printed as CUDA C for NVIDIA's GPUs."""

    def refusal(self, work: Work) -> str | None:
        """Return the reason why this backend cannot run the work, or None."""
        if work.device.type != "cuda":
            return f"runs on a CUDA device, and the input is on {work.device}"
        if torch.version.cuda is None:
            return "this torch is not made for NVIDIA's GPUs"
        if work.reach and not work.narrows:
            return f"computes in float32, and its integers reach {work.reach}"
        if work.kind == torch.float64 and not work.narrows:
            return "computes in float32, and the input is float64"
        return _no_words(work.equations) or no_cupy() or missing()

    def loop(self, work: Work) -> Loop:
        """Make the loop for this work."""
        return CudaLoop.of(work)

    def source(self, work: Work) -> str:
        """Return both kernels for a few steps."""
        return "\n\n".join(CudaLoop.of(work).sources())


@lru_cache(maxsize=512)
def _no_words(equations: Equations) -> str | None:
    for operation in equations.operations:
        if operation.op not in LEAVES and operation.op not in CUDA.spelling:
            return f"there is no word for {operation.op.value}"
    return None
