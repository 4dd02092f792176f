"""No package of ours imports a framework, and conversion works where none is installed."""

import subprocess
import sys

# Every import of a framework fails, and is noted.
SCRIPT = """
import importlib, pkgutil, sys

FRAMEWORKS = {"snntorch", "spikingjelly", "norse", "sinabs", "rockpool", "lava", "slayer", "nir"}
tried = []

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in FRAMEWORKS:
            tried.append(name)
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import neurodeploy, quant, snncore, targets
import neurodeploy.frontend.foreign as foreign, neurodeploy.frontend.weights as weights
names = [neurodeploy, quant, snncore, targets, foreign, weights]
for package in (neurodeploy.frontend, foreign, weights):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)

import torch
from collections import OrderedDict
from torch import nn
from snncore import functional, neuron
from neurodeploy.frontend.foreign.convert import converted

class Loop(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.lif = nn.Linear(6, 4), neuron.LIF(1.5, 0.3, step_mode="s")
    def forward(self, x):
        functional.reset(self)
        return torch.stack([self.lif(self.fc(step)) for step in x])

torch.manual_seed(0)
source, module = Loop(), Loop()
state = {"module." + name: value for name, value in source.state_dict().items()}
torch.save(state, sys.argv[1])
read = weights.read_weights(sys.argv[1])
weights.matched(read, module).fill(module, read)
x = torch.rand(9, 4, 6) * 2
conversion = converted(module, x)
assert conversion.agreement.equal and conversion.agreement.spikes > 20
neurodeploy.save(conversion.network, sys.argv[2])
loaded = neurodeploy.load(sys.argv[2])
with torch.no_grad():
    assert torch.equal(loaded(x), source(x))
assert not tried, tried
try:
    import snntorch
except ModuleNotFoundError:
    assert tried == ["snntorch"]
print("done")
"""


def test_conversion_works_where_frameworks_are_absent(tmp_path) -> None:
    files = (str(tmp_path / "weights.pt"), str(tmp_path / "model.pt"))
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, *files],
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.strip() == "done"
