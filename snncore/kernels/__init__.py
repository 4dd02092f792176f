"""The time loop, written by hand once a language."""

from snncore.kernels.backends import AUTO as AUTO
from snncore.kernels.backends import BACKENDS as BACKENDS
from snncore.kernels.backends import BackendReport as BackendReport
from snncore.kernels.backends import backend as backend
from snncore.kernels.backends import choose as choose
from snncore.kernels.loop.output import Output as Output
from snncore.kernels.loop.output import check_output as check_output
from snncore.kernels.loop.output import narrowed as narrowed
from snncore.kernels.loop.output import pack as pack
from snncore.kernels.loop.output import unpack as unpack
from snncore.kernels.loop.torch_loop import TORCH as TORCH
from snncore.kernels.loop.torch_loop import run_sequence as run_sequence
from snncore.kernels.loop.work import Work as Work
from snncore.kernels.operator import prepared as prepared
from snncore.kernels.operator import run_loop as run_loop

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
