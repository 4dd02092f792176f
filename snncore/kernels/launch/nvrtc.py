"""NVIDIA's runtime compiler, which needs neither a GPU nor a C++ compiler."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from snncore.kernels.cpp.build import CompilerError

_TOOLKITS = ("CUDA_HOME", "CUDA_PATH")
_PATTERN = "libnvrtc.so.*"


@lru_cache
def library() -> Any:
    """Load the compiler's library, or return None if this machine has none."""
    for path in _candidates():
        try:
            # It opens this one by its name alone, and finds it if it is open already.
            for builtins in sorted(Path(path).parent.glob("libnvrtc-builtins.so.*")):
                ctypes.CDLL(str(builtins))
            loaded = ctypes.CDLL(path)
        except OSError:
            continue
        loaded.nvrtcGetErrorString.restype = ctypes.c_char_p
        return loaded
    return None


def _candidates() -> Iterator[str]:
    """Yield files that may be the library: from pip's packages, a toolkit, or the system."""
    spec = find_spec("nvidia")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for file in sorted(Path(folder).glob(f"*/lib/{_PATTERN}"), reverse=True):
            if ".alt." not in file.name:
                yield str(file)
    roots = [os.environ[name] for name in _TOOLKITS if name in os.environ]
    for root in [*roots, "/usr/local/cuda"]:
        for file in sorted(Path(root).glob(f"lib64/{_PATTERN}"), reverse=True):
            yield str(file)
    for name in (ctypes.util.find_library("nvrtc"), "libnvrtc.so"):
        if name:
            yield name


def version() -> str:
    """Return the library's own version."""
    major, minor = ctypes.c_int(), ctypes.c_int()
    library().nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
    return f"NVRTC {major.value}.{minor.value}"


def architectures() -> tuple[int, ...]:
    """Return the supported compute capabilities, such as 90 for 9.0."""
    count = ctypes.c_int()
    library().nvrtcGetNumSupportedArchs(ctypes.byref(count))
    values = (ctypes.c_int * count.value)()
    library().nvrtcGetSupportedArchs(values)
    return tuple(values)


def compiled(source: str, name: str, flags: Sequence[str]) -> tuple[bytes, str]:
    """Compile the binary for a GPU; return the compiler's messages too.

    Raises:
        CompilerError: if it refuses the source.
    """
    nvrtc, program = library(), ctypes.c_void_p()
    _check(
        nvrtc.nvrtcCreateProgram(
            ctypes.byref(program), source.encode(), name.encode(), 0, None, None
        )
    )
    try:
        options = (ctypes.c_char_p * len(flags))(*(flag.encode() for flag in flags))
        status = nvrtc.nvrtcCompileProgram(program, len(flags), options)
        log = _text(nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog, program)
        messages = log.rstrip(b"\0").decode(errors="replace").strip()
        if status != 0:
            raise CompilerError(messages or _message(status))
        return _text(nvrtc.nvrtcGetCUBINSize, nvrtc.nvrtcGetCUBIN, program), messages
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))


def _text(size_of: Any, get: Any, program: Any) -> bytes:
    size = ctypes.c_size_t()
    _check(size_of(program, ctypes.byref(size)))
    buffer = ctypes.create_string_buffer(size.value)
    _check(get(program, buffer))
    return buffer.raw


def _check(status: int) -> None:
    if status != 0:
        raise CompilerError(_message(status))


def _message(status: int) -> str:
    return str(library().nvrtcGetErrorString(status).decode())
