"""An export's memory: below three times the weights that torch holds, whatever a target writes."""

import subprocess
import sys
from pathlib import Path

import pytest

# Its own process, so that nothing else takes memory; the first, small export loads the libraries.
MEASURE = """
import sys
import torch
from torch import nn
import neurodeploy as nd
import quant

name, place = sys.argv[1:]
form = {"nir": "int8", "onnx": "int8"}.get(name, name)
neurons = quant.CubaLIF if name == "loihi" else quant.LIF

def status(key):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024

def export(*widths):
    blocks = []
    for inputs, outputs in zip(widths, widths[1:]):
        block = quant.Block(quant.Linear(inputs, outputs, format=form), neurons(format=form))
        with torch.no_grad():
            # The whole grid, so that nothing is narrower than it must be.
            block.synapse.weight.uniform_(-1, 1).mul_(block.synapse.unit * 250)
        blocks.append(block)
    network = nn.Sequential(*blocks)
    open("/proc/self/clear_refs", "w").write("5")
    before = status("VmRSS")
    nd.export(network, target=name, path=place, example=torch.zeros(1, 1, widths[0]))
    size = sum(p.numel() * p.element_size() for p in network.parameters())
    return (status("VmHWM") - before) / size

export(64, 32)
print(export(2000, 1600, 1000))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are measured as Linux tells them")
@pytest.mark.parametrize("target", ["loihi", "lynxi", "nir", "onnx"])
def test_an_export_takes_less_than_three_times_the_weights(target: str, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", MEASURE, target, str(tmp_path / "out")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout) < 3
