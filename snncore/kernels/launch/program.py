"""A source with kernels in it, launched where its tensors are: on a GPU or, slowly, on a CPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from snncore.kernels.launch.build import Options
from snncore.kernels.launch.on_cpu import OnCpu
from snncore.kernels.launch.on_gpu import OnGpu
from snncore.kernels.launch.signature import Signature

Size = tuple[int, int, int]
# A tensor, or a number as the ctypes value that the kernel takes.
ArgumentValue = Tensor | Any


class CudaProgram:
    """The kernels of one source, built for a device on its first use there."""

    def __init__(self, source: str, kernels: Sequence[Signature], options: Options) -> None:
        self.source, self.kernels, self.options = source, tuple(kernels), options
        self._machines: dict[str, OnCpu | OnGpu] = {}

    def launch(
        self,
        name: str,
        grid: Size,
        block: Size,
        arguments: Sequence[ArgumentValue],
        device: torch.device,
        shared: int = 0,
    ) -> None:
        """Run a kernel on the device's current stream; nothing is checked."""
        machine = self.machine(device)
        if isinstance(machine, OnCpu):
            machine.launch(name, grid, block, arguments, shared)
        else:
            machine.launch(name, grid, block, arguments, shared, device)

    def machine(self, device: torch.device) -> OnCpu | OnGpu:
        """Return the launcher for a device, and build it first if needed.

        Raises:
            ValueError: if there is no such machine.
        """
        if device.type not in ("cpu", "cuda"):
            raise ValueError(f"CUDA kernels run on cuda and cpu, and the tensors are on {device}")
        key = "cpu"
        if device.type == "cuda":
            key = "sm_{}{}".format(*torch.cuda.get_device_capability(device))
        if key not in self._machines:
            self._machines[key] = (
                OnCpu(self.source, self.kernels)
                if key == "cpu"
                else OnGpu.of(self.source, self.kernels, self.options, key)
            )
        return self._machines[key]
