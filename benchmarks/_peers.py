"""One network for Loihi, described once, built from each library's layers, with its own export.

Slayer comes from the sandbox of the simulator `lava`, SpikingJelly from PyPI into the benchmarks'
own folder; both run on this process's torch.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import torch
from _common import SCRATCH
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.sandbox import install, status
from neurodeploy.target import target
from snncore import functional, layer

SPIKING_JELLY = "spikingjelly==0.0.0.0.14"


@dataclass(frozen=True)
class Layer:
    """Weights (a kernel or a matrix) and the neurons that they drive."""

    weight: Tensor
    threshold: float
    current_decay: float
    voltage_decay: float
    stride: int = 1
    padding: int = 0
    # The number of steps by which each of the layer's spikes is delayed.
    delays: tuple[int, ...] = ()
    # "scale" for mean and variance, "mean" for the mean alone.
    norm: str = ""

    @property
    def is_kernel(self) -> bool:
        """Whether the weights are a kernel."""
        return self.weight.ndim == 4


@dataclass(frozen=True)
class Network:
    """A library's network: a module, the spikes of every layer, and the file that it writes."""

    module: nn.Module
    layers: Callable[[Tensor], list[Tensor]]
    file: Callable[[Tensor], bytes]

    def counts(self, spikes: Tensor) -> Tensor:
        """Return the spikes of each output over time."""
        return self.layers(spikes)[-1].sum(0)


def through(module: nn.Sequential, spikes: Tensor) -> list[Tensor]:
    """Return the output of each layer with neurons for spikes (T, N, ...)."""
    outputs, value = [], spikes
    for each in module:
        value = each(value)
        if hasattr(each, "neuron") and each.neuron is not None:
            outputs.append(value)
    return outputs


def ours(plan: Sequence[Layer], example: Tensor) -> Network:
    """Return the network of `quant`."""
    modules: list[nn.Module] = []
    for number, each in enumerate(plan):
        outputs, inputs = each.weight.shape[:2]
        if each.is_kernel:
            synapse: Any = quant.Conv2d(
                inputs, outputs, each.weight.shape[2], each.stride, each.padding
            )
            norm: Any = layer.BatchNorm2d(outputs)
        else:
            if number and plan[number - 1].is_kernel:
                modules.append(layer.Flatten())
            if number and plan[number - 1].delays:
                modules.append(layer.Delay(plan[number - 1].delays))
            synapse, norm = quant.Linear(inputs, outputs), layer.BatchNorm1d(outputs)
        with torch.no_grad():
            synapse.weight.copy_(each.weight)
        decays = {"current_decay": each.current_decay, "voltage_decay": each.voltage_decay}
        neurons = quant.CubaLIF(each.threshold, **decays)
        modules.append(quant.Block(synapse, neurons, norm=norm if each.norm else None))
    module = nn.Sequential(*modules)

    def layers(spikes: Tensor) -> list[Tensor]:
        functional.reset(module)
        return through(module, spikes)

    def file(spikes: Tensor) -> bytes:
        functional.reset(module)
        artifact = nd.export(module, target="loihi", path=SCRATCH / "peers", example=spikes)
        return artifact.files["network.net"]

    return Network(module, layers, file)


def slayer_blocks() -> Any:
    """Import slayer's blocks."""
    lava = target("loihi").simulators["lava"]
    install(lava)
    packages = next((status(lava).path / "lib").glob("python*")) / "site-packages"
    if str(packages) not in sys.path:
        sys.path.append(str(packages))
    # It imports OpenCV, which is not needed here.
    name = "lava.lib.dl.slayer.object_detection"
    sys.modules.setdefault(name, types.ModuleType("object_detection"))
    from lava.lib.dl import slayer

    return slayer


def slayer(plan: Sequence[Layer], example: Tensor) -> Network:
    """Return the network of lava-dl's blocks, without the lag of one step per layer on the chip."""
    library = slayer_blocks()
    norms = {"mean": "MeanOnlyBatchNorm", "scale": "WgtScaleBatchNorm"}
    modules: list[nn.Module] = []
    for number, each in enumerate(plan):
        outputs, inputs = each.weight.shape[:2]
        shared: dict[str, Any] = {"threshold": each.threshold, "scale": 64}
        shared |= {"current_decay": each.current_decay, "voltage_decay": each.voltage_decay}
        if each.norm:
            shared["norm"] = getattr(library.neuron.norm, norms[each.norm])
        options = {"weight_norm": False, "delay_shift": False, "delay": bool(each.delays)}
        if each.is_kernel:
            geometry = (each.weight.shape[2], each.stride, each.padding)
            block = library.block.cuba.Conv(shared, inputs, outputs, *geometry, **options)
        else:
            if number and plan[number - 1].is_kernel:
                modules.append(library.block.cuba.Flatten())
            block = library.block.cuba.Dense(shared, inputs, outputs, **options)
        with torch.no_grad():
            block.synapse.weight.copy_(each.weight.reshape(block.synapse.weight.shape))
        modules.append(block)
    module = nn.Sequential(*modules)

    def layers(spikes: Tensor) -> list[Tensor]:
        order = (*range(1, spikes.ndim), 0)
        return [s.permute(-1, *range(s.ndim - 1)) for s in through(module, spikes.permute(order))]

    with torch.no_grad():
        # A block knows its shape only after it has run.
        layers(example)
        for block, each in zip((m for m in modules if hasattr(m, "neuron")), plan, strict=True):
            if each.delays:
                block.delay.delay.copy_(torch.tensor(each.delays).reshape(block.delay.delay.shape))
    return Network(module, layers, lambda spikes: exported(module))


def exported(blocks: nn.Module) -> bytes:
    """Return the file of slayer's blocks, written as its tutorials do."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        group = file.create_group("layer")
        for number, block in enumerate(blocks.children()):
            block.export_hdf5(group.create_group(str(number)))
    return buffer.getvalue()


def exchange_blocks() -> Any:
    """Import SpikingJelly's exchange with Lava."""
    slayer_blocks()
    folder = SCRATCH.resolve() / "spikingjelly"
    if not folder.is_dir():
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
        subprocess.run([*pip, SPIKING_JELLY], check=True)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    from spikingjelly.activation_based import lava_exchange

    return lava_exchange


def exchange(plan: Sequence[Layer], example: Tensor) -> Network:
    """Return the network of SpikingJelly's containers."""
    library = exchange_blocks()
    modules: list[nn.Module] = []
    for number, each in enumerate(plan):
        outputs, inputs = each.weight.shape[:2]
        decays = (each.current_decay, each.voltage_decay)
        norm = library.BatchNorm2d(outputs) if each.norm else None
        neurons = library.CubaLIFNode(*decays, v_threshold=each.threshold, scale=64, norm=norm)
        synapse: nn.Module = nn.Linear(inputs, outputs, bias=False)
        if each.is_kernel:
            kernel = each.weight.shape[2]
            synapse = nn.Conv2d(inputs, outputs, kernel, each.stride, each.padding, bias=False)
        elif number and plan[number - 1].is_kernel:
            modules.append(library.BlockContainer(nn.Flatten(), None, step_mode="m"))
        with torch.no_grad():
            synapse.weight.copy_(each.weight)
        modules.append(library.BlockContainer(synapse, neurons, step_mode="m"))
    module = nn.Sequential(*modules)

    def layers(spikes: Tensor) -> list[Tensor]:
        for each in module.modules():
            if each is not module and hasattr(each, "reset"):
                each.reset()
        return through(module, spikes)

    def file(spikes: Tensor) -> bytes:
        with contextlib.redirect_stdout(io.StringIO()):
            blocks = nn.Sequential(*(each.to_lava_block() for each in module)).eval()
        with torch.no_grad():
            blocks(spikes.permute(*range(1, spikes.ndim), 0))
        return exported(blocks)

    return Network(module, layers, file)


LIBRARIES: dict[str, Callable[[Sequence[Layer], Tensor], Network]] = {
    "quant": ours,
    "slayer": slayer,
    "SpikingJelly": exchange,
}
