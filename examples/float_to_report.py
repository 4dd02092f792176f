"""From a float network to a report, cell by cell: train, quantize, export, verify, look.

Usage: python examples/float_to_report.py [OUT] [SIMULATOR]   (or run the cells in an editor)
"""

# %% The data: 8 x 8 images of digits as spikes (T, N, 1, 8, 8)
import sys
from pathlib import Path

import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.demo.digits import load_digits
from neurodeploy.report.write import write_report
from snncore import functional, layer, neuron

out = Path(sys.argv[1] if len(sys.argv) > 1 else "example-output")
simulator = sys.argv[2] if len(sys.argv) > 2 else "lava"
torch.manual_seed(0)
digits = load_digits()

# %% A float network with a batch norm
net = nn.Sequential(
    layer.Conv2d(1, 8, 3, padding=1, bias=False),
    layer.BatchNorm2d(8),
    neuron.LIF(tau=2.0, detach_reset=True),
    layer.AvgPool2d(2),
    layer.Flatten(),
    layer.Linear(8 * 16, 10),
    neuron.LIF(tau=2.0, detach_reset=True),
)


def train(network: nn.Module, epochs: int, rate: float) -> None:
    """Train on spike counts."""
    optimizer = torch.optim.Adam(network.parameters(), rate)
    network.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(digits.train_labels)).split(64):
            functional.reset(network)
            counts = network(digits.train[:, batch]).sum(0)
            loss = nn.functional.cross_entropy(counts, digits.train_labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    network.eval()


train(net, 5, 5e-3)

# %% Onto Loihi's grid, fitted to some samples, with a report on each layer
prepared = quant.prepare(net, target="loihi", example=digits.test)
fitted = quant.calibrate(prepared, digits.train[:, :128], net)
for entry in fitted.layers:
    print(
        f"{entry.name}: unit 2^{entry.exponents[0]}, weights off by {entry.error:.2%}, "
        f"{entry.float_rate:.3f} spikes a step in floats and {entry.rate:.3f} here"
    )

# %% A little training on the chip's integers, then nothing but integers
train(prepared, 1, 1e-3)
frozen = quant.freeze(prepared)

# %% The files that the chip's loader reads, and the proof that they compute what was trained
nd.save(frozen, out / "model.pt", example=digits.test)
artifact = nd.export(frozen, target="loihi", path=out / "loihi", example=digits.test)
report = nd.verify(
    artifact,
    model=frozen,
    samples=digits.test[:, :100],
    labels=digits.test_labels[:100].numpy(),
    simulator=simulator,
)
print(report.to_text())
write_report(report, out)
print(f"look at {out}")
