"""A process that converts networks of slayer: lava-dl's own code, beside the torch that we have.

lava-dl is installed for Python 3.10 in Lava's sandbox, without torch; its package is plain Python,
so that it runs here from a folder in which nothing else stands.
"""

import json
import sys
import types
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

import neurodeploy as nd
from neurodeploy.errors import NeurodeployError
from neurodeploy.frontend.foreign.convert import converted
from snncore import functional

ABSENT = "lava" not in sys.modules
# It reads images with packages that no block needs.
sys.modules["lava.lib.dl.slayer.object_detection"] = types.ModuleType("object_detection")

from lava.lib.dl import slayer  # noqa: E402

CUBA = slayer.block.cuba
LIF = {"threshold": 1.25, "current_decay": 0.25, "voltage_decay": 0.03}
TURNING = {"threshold": 1.0, "period": 10, "decay": 0.1}
ADAPTIVE = {"threshold_step": 0.2, "threshold_decay": 0.1, "refractory_decay": 0.1}


class Network(torch.nn.Module):
    """Blocks in a chain, as slayer's tutorials write them."""

    def __init__(self, *blocks):
        super().__init__()
        self.blocks = torch.nn.ModuleList(blocks)

    def forward(self, spike):
        for block in self.blocks:
            spike = block(spike)
        return spike


class Parts(torch.nn.Module):
    """Synapses and neurons without a block."""

    def __init__(self):
        super().__init__()
        self.synapse = slayer.synapse.Dense(12, 8, weight_scale=3)
        self.neuron = slayer.neuron.cuba.Neuron(0.7, 0.3, 0.2)
        self.synapse.pre_hook_fx = self.neuron.quantize_8bit

    def forward(self, spike):
        return self.neuron(self.synapse(spike)).mean(-1)


def normed():
    """Return neurons with a bias, which a norm behind the current learned."""
    block = CUBA.Dense(LIF | {"norm": slayer.neuron.norm.MeanOnlyBatchNorm}, 12, 20, weight_scale=3)
    block(torch.zeros(1, 12, 2))
    block.neuron.norm.running_mean.normal_(0, 0.1)
    return Network(block, CUBA.Dense(LIF, 20, 10, weight_scale=3))


def perceptron():
    """Return dense blocks with weight norms, delays and an output that shows voltages."""
    own = LIF | {"shared_param": False, "dropout": slayer.neuron.Dropout(p=0.1)}
    first = CUBA.Dense(own, 12, 20, weight_norm=True, weight_scale=3, delay=True)
    mask = (torch.rand(16, 20) < 0.8).float()
    second = CUBA.Dense(LIF, 20, 16, weight_scale=3, mask=mask, delay_shift=False)
    return Network(first, second, CUBA.Affine(LIF, 16, 10, weight_norm=True))


def convolutions():
    """Return convolutions, groups and pools."""
    return Network(
        CUBA.Conv(LIF, 2, 6, 3, padding=1, weight_scale=4, delay=True, weight_norm=True),
        CUBA.Pool(LIF, 2),
        CUBA.Conv(LIF, 6, 8, 3, stride=2, groups=2, weight_scale=4),
        CUBA.Flatten(),
        CUBA.Dense(LIF, 32, 10, weight_scale=3),
    )


def recurrent():
    """Return a recurrent block behind an input block."""
    return Network(
        CUBA.Input(delay_shift=False), CUBA.Recurrent(LIF, 12, 16), CUBA.Dense(LIF, 16, 4)
    )


def resonators(kind):
    """Return a maker of resonators of a kind."""
    block = getattr(slayer.block, kind)
    return lambda: Network(block.Dense(TURNING, 12, 20, weight_scale=3, delay=True))


def adaptive():
    """Return neurons whose threshold rises, behind dense weights, kernels and themselves."""
    own = LIF | ADAPTIVE
    alif = slayer.block.alif
    return Network(
        alif.Conv(own, 2, 6, 3, padding=1, weight_scale=4, delay=True),
        alif.Pool(own, 2),
        alif.Flatten(),
        alif.Dense(own | {"shared_param": False}, 216, 12, weight_scale=2),
        alif.Recurrent(own, 12, 10),
    )


def adaptive_dense():
    """Return dense layers, of which each neuron has its own decays, and a norm."""
    own = LIF | ADAPTIVE | {"shared_param": False, "threshold_decay": (0.05, 0.4)}
    norm = {"norm": slayer.neuron.norm.MeanOnlyBatchNorm, "threshold_step": 0.5}
    block = slayer.block.alif.Dense(LIF | ADAPTIVE | norm, 12, 20, weight_scale=3)
    block(torch.zeros(1, 12, 2))
    block.neuron.norm.running_mean.normal_(0, 0.1)
    return Network(block, slayer.block.alif.Dense(own, 20, 10, weight_scale=3))


def adaptive_resonators():
    """Return resonators whose threshold rises."""
    block = slayer.block.adrf.Dense
    own = TURNING | ADAPTIVE | {"threshold": 0.25}
    each = own | {"shared_param": False, "decay": (0.02, 0.2), "refractory_decay": (0.2, 0.6)}
    return Network(
        block(own, 12, 20, weight_scale=3, delay=True), block(each, 20, 10, weight_scale=3)
    )


def meeting():
    """Return neurons whose voltages are sums of weights, which meet the threshold exactly."""
    own = {"threshold": 1.0, "current_decay": 1.0, "voltage_decay": 0.0}
    return Network(slayer.block.alif.Dense(own | ADAPTIVE, 12, 64, weight_scale=3))


DENSE, IMAGE = (3, 12, 40), (2, 2, 12, 12, 20)
TAKEN = {
    "perceptron": (perceptron, DENSE),
    "convolutions": (convolutions, IMAGE),
    "recurrent": (recurrent, DENSE),
    "normed": (normed, DENSE),
    "parts": (Parts, DENSE),
    "alif": (adaptive_dense, DENSE),
    "alif images": (adaptive, IMAGE),
    "alif meeting": (meeting, DENSE),
    "adrf": (adaptive_resonators, DENSE),
    "rf": (resonators("rf"), DENSE),
    "rf_iz": (resonators("rf_iz"), DENSE),
}
# By how much thresholds are raised for the control: half a unit where sums meet them.
RAISED = {"alif meeting": 1 / 64}
REFUSED = {
    "adrf_iz": lambda: slayer.block.adrf_iz.Dense(TURNING | ADAPTIVE, 12, 4),
    "sigma_delta": lambda: slayer.block.sigma_delta.Dense(
        {"threshold": 0.1, "activation": torch.nn.functional.relu}, 12, 4
    ),
    "graded": lambda: CUBA.Dense(LIF | {"graded_spike": True}, 12, 4),
    "not rounded": lambda: CUBA.Dense(LIF, 12, 4, pre_hook_fx=None),
    "winners": lambda: CUBA.KWTA(LIF, 12, 4, 2),
    "average": lambda: CUBA.Average(num_outputs=3),
    "never ran": lambda: CUBA.Dense(LIF, 12, 4, delay=True),
}


def result(build, shape, seed, raised):
    """Return what came of a network, saved and loaded again, and one with another threshold."""
    torch.manual_seed(seed)
    module, x = build(), (torch.rand(shape) < 0.3).float()
    module(x)
    for part in module.modules():
        if isinstance(part, slayer.axon.Delay):
            part.delay.data.uniform_(0, 5)
    agreement, network = (each := converted(module, x)).agreement, each.network
    other = (torch.rand(shape) < 0.3).float()
    sequence = other.movedim(-1, 0)
    expected = module.eval()(other)
    expected = expected if isinstance(module, Parts) else expected.movedim(-1, 0)
    with TemporaryDirectory() as folder:
        nd.save(network, Path(folder) / "model.pt", example=sequence)
        loaded = nd.load(Path(folder) / "model.pt")
    same = torch.equal(loaded(sequence), expected)
    changed = next(part for part in network.modules() if hasattr(part, "threshold"))
    changed.threshold += raised
    functional.reset(network)
    return {
        "parting": str(agreement.parting or ""),
        "rounding": agreement.rounding,
        "spikes": agreement.spikes,
        "loaded": same,
        "seen": not torch.equal(network(sequence), expected),
    }


def refusal(build):
    """Return the words with which a module is refused."""
    try:
        converted(Network(build()), (torch.rand(DENSE) < 0.3).float())
    except NeurodeployError as error:
        return str(error)
    return ""


def main(seeds):
    """Print the results as a line of JSON."""
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    taken = {
        f"{name} {seed}": result(build, shape, seed, RAISED.get(name, 1 / 8))
        for name, (build, shape) in TAKEN.items()
        for seed in range(seeds)
    }
    refused = {name: refusal(build) for name, build in REFUSED.items()}
    sys.stdout.write(json.dumps({"absent": ABSENT, "taken": taken, "refused": refused}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
