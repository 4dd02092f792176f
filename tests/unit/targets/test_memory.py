"""An export's memory: below three times the weights that torch holds, whatever a target writes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TARGETS = ["loihi", "lynxi", "nir", "onnx"]
# Its own process, and a fork of it for each target, so that nothing else takes memory; the first,
# small export loads the libraries.
MEASURE = """
import json
import os
import sys
import torch
from torch import nn
import neurodeploy as nd
import quant

def status(key):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024

def export(name, *widths):
    form = {"nir": "int8", "onnx": "int8"}.get(name, name)
    neurons = quant.CubaLIF if name == "loihi" else quant.LIF
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
    nd.export(network, target=name, path=f"{place}/{name}", example=torch.zeros(1, 1, widths[0]))
    size = sum(p.numel() * p.element_size() for p in network.parameters())
    return (status("VmHWM") - before) / size

place, *names = sys.argv[1:]
for name in names:
    child = os.fork()
    if child == 0:
        export(name, 64, 32)
        with open(f"{place}/{name}.json", "w") as file:
            json.dump(export(name, 2000, 1600, 1000), file)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, name
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with a file for each target: its memory in units of the weights."""
    measured = tmp_path_factory.mktemp("memory")
    command = [sys.executable, "-W", "ignore", "-c", MEASURE, str(measured), *TARGETS]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return measured


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are measured as Linux tells them")
@pytest.mark.parametrize("target", TARGETS)
def test_an_export_takes_less_than_three_times_the_weights(target: str, folder: Path) -> None:
    assert 0 < json.loads((folder / f"{target}.json").read_text("utf-8")) < 3
