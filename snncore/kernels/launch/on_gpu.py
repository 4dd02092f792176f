"""Kernels on a GPU: loaded and launched through CuPy, on torch's current stream."""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

from snncore.kernels.launch.build import Built, Options, build
from snncore.kernels.launch.signature import Signature

# A block gets more than 48 KiB only on request; memory that a kernel declares counts too.
_PLAIN_SHARED = 32 << 10


class OnGpu:
    """Kernels of a source, compiled for one architecture."""

    def __init__(self, built: Built, kernels: Sequence[Signature]) -> None:
        cupy = _cupy()
        self.built = built
        module = cupy.RawModule(path=str(built.through))
        self._functions = {k.name: module.get_function(k.function) for k in kernels}
        self._cupy = cupy.cuda
        self._streams: dict[tuple[int, int], Any] = {}
        self._numbers = _number_types()

    @classmethod
    def of(
        cls, source: str, kernels: Sequence[Signature], options: Options, architecture: str
    ) -> OnGpu:
        """Compile the kernels for this architecture."""
        return cls(build(source, options, architecture), kernels)

    def launch(
        self,
        name: str,
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        arguments: Sequence[Any],
        shared: int,
        device: torch.device,
    ) -> None:
        """Run the kernel on torch's current stream of this device."""
        function = self._functions[name]
        if shared > _PLAIN_SHARED:
            function.max_dynamic_shared_size_bytes = shared
        values = tuple(self._value(argument) for argument in arguments)
        key = device.index, torch.cuda.current_stream(device).cuda_stream
        if key not in self._streams:
            self._streams[key] = self._stream(*key)
        with self._cupy.Device(device.index), self._streams[key]:
            function(grid, block, values, shared_mem=shared)

    def address(self, name: str) -> tuple[int, bool]:
        """Return the address of a kernel for CUDA's driver, which knows when threads wait."""
        return int(self._functions[name].kernel.ptr), False

    def _stream(self, device: int, pointer: int) -> Any:
        """Return torch's current stream as a CuPy stream."""
        with warnings.catch_warnings():
            # Its successor wants an object that knows the stream, and torch gives a number.
            warnings.simplefilter("ignore", DeprecationWarning)
            return self._cupy.ExternalStream(pointer, device)

    def _value(self, argument: Any) -> Any:
        if isinstance(argument, Tensor):
            return self._numbers[ctypes.c_void_p](argument.data_ptr())
        return self._numbers[type(argument)](argument.value)


def _number_types() -> dict[Any, Any]:
    import numpy as np

    return {
        ctypes.c_void_p: np.uint64,
        ctypes.c_bool: np.bool_,
        ctypes.c_int8: np.int8,
        ctypes.c_uint8: np.uint8,
        ctypes.c_int16: np.int16,
        ctypes.c_uint16: np.uint16,
        ctypes.c_int32: np.int32,
        ctypes.c_uint32: np.uint32,
        ctypes.c_int64: np.int64,
        ctypes.c_longlong: np.int64,
        ctypes.c_uint64: np.uint64,
        ctypes.c_float: np.float32,
        ctypes.c_double: np.float64,
    }


def no_cupy() -> str | None:
    """Return the reason why kernels cannot be launched without CuPy, or None."""
    if find_spec("cupy") is None:
        return "CuPy is not installed (python -m pip install cupy-cuda13x)"
    return None


def _cupy() -> Any:
    reason = no_cupy()
    if reason is not None:
        raise ModuleNotFoundError(reason, name="cupy")
    with warnings.catch_warnings():
        # It looks for a toolkit, which nothing here needs.
        warnings.simplefilter("ignore")
        import cupy

    return cupy
