"""The time loop, written by hand once a language."""

from snncore.kernels.backend import AUTO as AUTO
from snncore.kernels.backend import BACKENDS as BACKENDS
from snncore.kernels.backend import BackendReport as BackendReport
from snncore.kernels.backend import Work as Work
from snncore.kernels.backend import backend as backend
from snncore.kernels.backend import choose as choose
from snncore.kernels.torch_loop import TORCH as TORCH
from snncore.kernels.torch_loop import run_sequence as run_sequence

__all__ = [
    "AUTO",
    "BACKENDS",
    "TORCH",
    "BackendReport",
    "Work",
    "backend",
    "choose",
    "run_sequence",
]
