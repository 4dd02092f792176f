"""Train a residual network on digits and put it on Loihi, whose files are chains of layers.

The skip and the max pool become relays and neurons of their own; the spikes stay equal.

Usage: python examples/residual_to_loihi.py [OUT] [EPOCHS]
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.demo.digits import load_digits
from neurodeploy.demo.training import test_accuracy, train
from snncore import layer, neuron


class Residual(nn.Module):
    """A block of stride 2 that adds a shortcut of its input before the neurons."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            layer.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False),
            layer.BatchNorm2d(outputs),
            neuron.LIF(),
        )
        self.second = nn.Sequential(
            layer.Conv2d(outputs, outputs, 3, padding=1, bias=False), layer.BatchNorm2d(outputs)
        )
        self.shortcut = nn.Sequential(
            layer.Conv2d(inputs, outputs, 1, stride=2, bias=False), layer.BatchNorm2d(outputs)
        )
        self.last = neuron.LIF()

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's spikes."""
        spikes: Tensor = self.last(self.second(self.first(x)) + self.shortcut(x))
        return spikes


def network() -> nn.Sequential:
    """Return a convolution, a residual block, a max pool and ten outputs."""
    net = nn.Sequential(
        layer.Conv2d(1, 8, 3, padding=1, bias=False),
        layer.BatchNorm2d(8),
        neuron.LIF(),
        Residual(8, 16),
        layer.MaxPool2d(2),
        layer.Flatten(),
        layer.Linear(16 * 4, 10),
        neuron.LIF(),
    )
    with torch.no_grad():
        # Spikes need currents near the threshold from the start.
        for module in net.modules():
            if isinstance(module, layer.BatchNorm2d):
                module.bias.fill_(0.5)
    return net


def main() -> None:
    """Train in floats and on the chip's integers, export, and verify in Lava."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "example-output")
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    torch.manual_seed(0)
    digits = load_digits()
    net = network()
    train(net, digits, epochs, 1e-2, print)
    example = digits.test[:, :4]
    on_grid = quant.prepare(net, target="loihi", example=example)
    train(on_grid, digits, epochs, 3e-3, print)
    chip = quant.freeze(on_grid)
    share = test_accuracy(chip, digits.test, digits.test_labels)
    print(f"accuracy on the chip's integers: {share:.1%}")
    artifact = nd.export(chip, target="loihi", path=out / "residual-loihi", example=example)
    labels = digits.test_labels[:4].numpy()
    report = nd.verify(artifact, model=chip, samples=example, labels=labels, simulator="lava")
    print(report.to_text())
    raise SystemExit(report.exit_code)


if __name__ == "__main__":
    main()
