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
from snncore.kernels.operator import host_of as host_of
from snncore.kernels.operator import is_watched as is_watched
from snncore.kernels.operator import prepared as prepared
from snncore.kernels.operator import run_loop as run_loop
from snncore.kernels.operator import stream_of as stream_of

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
    "host_of",
    "is_watched",
    "narrowed",
    "pack",
    "prepared",
    "run_loop",
    "run_sequence",
    "stream_of",
    "unpack",
]
