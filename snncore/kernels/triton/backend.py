"""The Triton backend: on NVIDIA's GPUs, and anywhere, slowly, through Triton's interpreter."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from importlib.util import find_spec

import torch

from snncore.dynamics.equations import Equations
from snncore.dynamics.expression import LEAVES
from snncore.kernels.loop.work import Loop, Work

_MISSING = (
    "Triton is not installed (python -m pip install triton)"
    if sys.platform == "linux"
    else "Triton is for Linux alone"
)


class TritonBackend:
    """Kernels printed as Triton and compiled by it."""

    def refusal(self, work: Work) -> str | None:
        """Return the reason why this backend cannot run the work, or None."""
        if not _runs_on(work.device):
            return f"runs on a CUDA device, and the input is on {work.device}"
        if find_spec("triton") is None:
            return _MISSING
        if work.kind == torch.float64 and not work.reach:
            return "computes in float32, and the input is float64"
        return _no_words(work.equations)

    def loop(self, work: Work) -> Loop:
        """Make the loop for this work."""
        from snncore.kernels.triton.loop import TritonLoop

        return TritonLoop(work)

    def source(self, work: Work) -> str:
        """Return both kernels for a few steps."""
        from snncore.kernels.triton.loop import TritonLoop

        return TritonLoop(work).source()


def _runs_on(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.version.cuda is not None
    return device.type == "cpu" and os.environ.get("TRITON_INTERPRET") == "1"


@lru_cache(maxsize=512)
def _no_words(equations: Equations) -> str | None:
    from snncore.kernels.triton.text import TRITON

    for operation in equations.operations:
        if operation.op not in LEAVES and operation.op not in TRITON.spelling:
            return f"there is no word for {operation.op.value}"
    return None
