"""Ten million weights from a torch network to files: time, and memory beside the network.

Memory is the largest growth of the process's resident set between the loaded network and the
written folder, libraries included; "weights" are the network's as torch stores them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import torch
from _common import SCRATCH
from torch import nn

import neurodeploy as nd
import quant
from snncore import layer, neuron

WIDTHS = {"three layers": (2560, 2048, 2048, 256), "one layer": (3200, 3125)}
FORMATS = {"loihi": ("loihi",), "lynxi": ("lynxi",), "onnx": ("int8", "floats")}
STATUS = Path("/proc/self/status")


def main() -> None:
    """Measure every target in its own process, and Loihi's time against the size."""
    for target, formats in FORMATS.items():
        for form in formats:
            for widths in WIDTHS:
                subprocess.run([sys.executable, __file__, target, form, widths], check=True)
    for width in (256, 512, 1024, 2048):
        network, example = dense("loihi", (width, width, width))
        seconds = min(exported(network, "loihi", example)[1] for _ in range(3))
        weights = 2 * width * width
        rate = seconds / weights * 1e9
        print(f"loihi, {weights:>9,} weights: {seconds * 1e3:6.0f} ms, {rate:.0f} ns each")


def measure(target: str, form: str, named: str) -> None:
    """Print the cost of one export, after its files were read back."""
    network, example = dense(form, WIDTHS[named])
    weight_bytes = sum(each.numel() * each.element_size() for each in network.parameters())
    # Start measuring the peak here.
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    artifact, seconds = exported(network, target, example)
    grown = resident("VmHWM") - before
    again = nd.verify(artifact, model=network, samples=spikes(example), simulator="none")
    if again.exit_code:
        raise SystemExit(f"{target}: the files hold another network")
    size = sum(path.stat().st_size for path in artifact.path.iterdir())
    print(
        f"{target}, {form}, {named}: {weight_bytes / 1e6:.0f} MB of weights in {seconds:.1f} s to "
        f"{size / 1e6:.0f} MB of files; at most {grown / 1e6:.0f} MB more: "
        f"{grown / weight_bytes:.1f} times"
    )


def exported(network: nn.Module, target: str, example: torch.Tensor) -> tuple[nd.Artifact, float]:
    """Return the artifact in its folder, and the seconds that it took."""
    start = time.perf_counter()
    artifact = nd.export(network, target=target, path=SCRATCH / target, example=example)
    return artifact, time.perf_counter() - start


def dense(form: str, widths: tuple[int, ...]) -> tuple[nn.Sequential, torch.Tensor]:
    """Return a dense network with weights across the whole grid, and an input for it."""
    torch.manual_seed(0)
    blocks: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        if form == "floats":
            blocks += [layer.Linear(inputs, outputs), neuron.LIF()]
            continue
        neurons = (quant.CubaLIF if form == "loihi" else quant.LIF)(format=form)
        block = quant.Block(quant.Linear(inputs, outputs, format=form), neurons)
        with torch.no_grad():
            block.synapse.weight.uniform_(-250, 250).mul_(block.synapse.unit)
        blocks.append(block)
    return nn.Sequential(*blocks), torch.zeros(1, 1, widths[0])


def spikes(example: torch.Tensor) -> torch.Tensor:
    """Return a few steps of one sample."""
    return (torch.rand(4, 1, *example.shape[2:]) < 0.3).float()


def resident(key: str) -> int:
    """Return Linux's figure for this process's memory, in bytes."""
    lines = STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024


if __name__ == "__main__":
    measure(*sys.argv[1:]) if len(sys.argv) > 1 else main()
