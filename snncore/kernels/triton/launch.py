"""A Triton kernel on its grid, started again without asking Triton which one it is."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from snncore.kernels.host.loop import Argument, Start, enter_kernel
from snncore.kernels.triton.shape import TritonConfig

# The device, and the types of the tensors.
_Key = tuple[int, tuple[torch.dtype, ...]]

# Triton compiles another kernel for pointers that are not multiples of this many bytes.
_ALIGNED = 16


class Launch:
    """A kernel with its grid and its numbers, for tensors of any types and places.

    Triton takes as long to find the kernel for what it is given as a small layer takes to run.
    Which one it is depends on the device, the types and whether places are aligned alone, since
    the numbers stay the same; so it is asked once for each.
    """

    def __init__(
        self,
        kernel: Any,
        programs: int,
        numbers: Sequence[float],
        segments: int,
        config: TritonConfig,
        *,
        stages: int = 1,
    ) -> None:
        self._kernel, self._grid = kernel, (programs, 1, 1)
        self._numbers = *numbers, segments, config.block
        self._options = {
            "num_warps": config.warps,
            "num_stages": stages,
            "enable_fp_fusion": False,
        }
        self._launchers: dict[_Key, Callable[..., None]] = {}
        self._compiled: dict[_Key, Any] = {}
        self._entered: dict[_Key, int] = {}

    def __call__(self, tensors: Sequence[Tensor]) -> None:
        """Start the kernel; pointers come first, then the numbers, as its head has them."""
        device = tensors[0].get_device()
        if device < 0 or device == torch.cuda.current_device():
            self._start(tensors, device)
            return
        with torch.cuda.device(device):
            self._start(tensors, device)

    def _start(self, tensors: Sequence[Tensor], device: int) -> None:
        places, together = [], 0
        for tensor in tensors:
            address = tensor.data_ptr()
            places.append(address)
            together |= address
        if together % _ALIGNED:
            self._ask(tensors)
            return
        key = device, tuple([tensor.dtype for tensor in tensors])
        start = self._launchers.get(key)
        if start is not None:
            start(0 if device < 0 else torch._C._cuda_getCurrentRawStream(device), places)
            return
        compiled = self._ask(tensors)
        # The interpreter compiles nothing.
        if compiled is not None:
            self._launchers[key] = self._starter(compiled)
            self._compiled[key] = compiled

    def start_for(self, tensors: Sequence[Tensor], roles: Sequence[Argument]) -> Start | None:
        """Return how compiled code starts the kernel for such tensors, if it can."""
        types = tuple([tensor.dtype for tensor in tensors])
        return self.start_of(tensors[0].get_device(), types, roles)

    def start_of(
        self, device: int, types: tuple[torch.dtype, ...], roles: Sequence[Argument]
    ) -> Start | None:
        """Return how compiled code starts the kernel for tensors of these types, if it can."""
        compiled = self._compiled.get((device, types))
        if compiled is None or not _is_plain(compiled.metadata):
            return None
        values = [*roles, *(("number", number) for number in self._numbers)]
        # Triton prints numbers into the kernel that it knows by their kind, such as 1.
        kinds = compiled.src.signature.values()
        arguments = [
            (role, _bits(value, kind)) if role == "number" else (role, int(value))
            for (role, value), kind in zip(values, kinds, strict=True)
            if kind != "constexpr"
        ]
        metadata = compiled.metadata
        threads, shared = 32 * metadata.num_warps, metadata.shared
        return Start(compiled.function, self._grid[0], threads, shared, tuple(arguments))

    def number_of(self, device: int, types: tuple[torch.dtype, ...]) -> int:
        """Return the kernel's number in compiled code, or -1 if it is not known there yet."""
        key = device, types
        if key not in self._entered:
            start = self.start_of(*key, [("input", n) for n in range(len(types))])
            if start is None:
                return -1
            self._entered[key] = enter_kernel(start, device < 0)
        return self._entered[key]

    def _starter(self, compiled: Any) -> Callable[[int, Sequence[int]], None]:
        """Return a function of the stream and the places that starts a compiled kernel."""
        run, grid, numbers = compiled.run, self._grid, self._numbers
        kernel = compiled.function, compiled.packed_metadata
        # Neither metadata nor hooks, of profilers that ask Triton itself.
        hooks = None, None, None

        def start(stream: int, places: Sequence[int]) -> None:
            run(*grid, stream, *kernel, *hooks, *places, *numbers)

        return start

    def _ask(self, tensors: Sequence[Tensor]) -> Any:
        """Let Triton find the kernel, or compile it, and start it."""
        return self._kernel[self._grid](*tensors, *self._numbers, **self._options)


def _bits(number: float, kind: str) -> int:
    """Return a number's bits as a kernel takes it."""
    if kind == "fp32":
        return int.from_bytes(struct.pack("<f", number), "little")
    if kind == "fp64":
        return int.from_bytes(struct.pack("<d", number), "little", signed=True)
    return int(number)


def _is_plain(metadata: Any) -> bool:
    """Return whether a kernel needs neither clusters of blocks nor scratch memory."""
    unusual = (
        "launch_cooperative_grid",
        "launch_pdl",
        "global_scratch_size",
        "profile_scratch_size",
    )
    return metadata.num_ctas == 1 and not any(getattr(metadata, name, 0) for name in unusual)
