"""CUDA C given as text, compiled and called with torch tensors."""

from snncore.kernels.cpp.build import CompilerError as CompilerError
from snncore.kernels.inline.elementwise import Elementwise as Elementwise
from snncore.kernels.inline.elementwise import elementwise as elementwise
from snncore.kernels.inline.load import Kernel as Kernel
from snncore.kernels.inline.load import Kernels as Kernels
from snncore.kernels.inline.load import load as load
from snncore.kernels.inline.time_loop import TimeLoop as TimeLoop
from snncore.kernels.inline.time_loop import time_loop as time_loop
from snncore.kernels.launch.build import Options as Options

__all__ = [
    "CompilerError",
    "Elementwise",
    "Kernel",
    "Kernels",
    "Options",
    "TimeLoop",
    "elementwise",
    "load",
    "time_loop",
]
