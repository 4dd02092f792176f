"""Convert a trained network of ReLUs to a spiking network with the same accuracy.

Usage: python examples/ann_to_snn.py
"""

from __future__ import annotations

import torch
from torch import nn

from snncore import ann2snn, data, encoding, functional

STEPS = (2, 4, 8, 16, 32)


def ann() -> nn.Sequential:
    """Return convolutions with batch norms and ReLUs."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 16, 10),
    )


def train(network: nn.Module, images: data.Images) -> None:
    """Train for a few epochs with Adam."""
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(8):
        for batch in torch.randperm(len(images.train)).split(64):
            outputs = network(images.train[batch])
            loss = nn.functional.cross_entropy(outputs, images.train_labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    network.eval()


@torch.no_grad()
def main() -> None:
    """Train, convert, and compare over the number of steps."""
    torch.manual_seed(0)
    images, network = data.digits(), ann()
    with torch.enable_grad():
        train(network, images)
    expected = network(images.test).argmax(1)
    print(f"ANN          {100 * (expected == images.test_labels).float().mean():.2f} %")
    spiking = ann2snn.convert(network, images.train[:256])
    integers = ann2snn.to_integers(spiking, bits=8)
    outputs = spiking(encoding.direct(images.test, max(STEPS)))
    on_chip = integers(encoding.direct(images.test, max(STEPS)))
    for steps in STEPS:
        rights = [
            100 * (counts[:steps].mean(0).argmax(1) == images.test_labels).float().mean()
            for counts in (outputs, on_chip)
        ]
        print(f"SNN, T = {steps:2}  {rights[0]:.2f} %   in 8-bit integers {rights[1]:.2f} %")
    functional.reset(spiking)
    for name, error in ann2snn.rate_errors(network, spiking, images.test, 32).items():
        print(f"rates of layer {name} are off by {error[7]:.1%} at T = 8, {error[31]:.1%} at 32")


if __name__ == "__main__":
    main()
