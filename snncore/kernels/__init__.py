"""The time loop, written by hand once a language."""

from snncore.kernels.backend import AUTO as AUTO
from snncore.kernels.backend import BACKENDS as BACKENDS
from snncore.kernels.backend import BackendReport as BackendReport
from snncore.kernels.backend import Work as Work
from snncore.kernels.backend import backend as backend
from snncore.kernels.backend import choose as choose
from snncore.kernels.operator import prepared as prepared
from snncore.kernels.operator import run_loop as run_loop
from snncore.kernels.output import Output as Output
from snncore.kernels.output import check_output as check_output
from snncore.kernels.output import narrowed as narrowed
from snncore.kernels.output import pack as pack
from snncore.kernels.output import unpack as unpack
from snncore.kernels.torch_loop import TORCH as TORCH
from snncore.kernels.torch_loop import run_sequence as run_sequence

__all__ = [
    "AUTO",
    "BACKENDS",
    "TORCH",
    "BackendReport",
    "Output",
    "Work",
    "backend",
    "check_output",
    "choose",
    "narrowed",
    "pack",
    "prepared",
    "run_loop",
    "run_sequence",
    "unpack",
]
