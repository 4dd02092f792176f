"""Train a convolutional network on digits, watch it, and measure its cost.

Usage: python examples/train_digits.py
"""

from __future__ import annotations

import torch
from torch import nn

from snncore import data, decoding, encoding, functional, layer, loss, monitor, neuron

STEPS, EPOCHS, BATCH = 4, 16, 64


def network() -> nn.Sequential:
    """Return two convolutions whose first neurons read the image's currents directly."""
    return nn.Sequential(
        layer.Conv2d(1, 16, 3, padding=1, bias=False),
        layer.BatchNorm2d(16),
        neuron.LIF(threshold=0.5, detach_reset=True),
        layer.Conv2d(16, 32, 3, stride=2, padding=1, bias=False),
        layer.BatchNorm2d(32),
        neuron.LIF(threshold=0.5, detach_reset=True),
        layer.Flatten(),
        layer.Linear(32 * 16, 10),
    )


def train(net: nn.Module, images: data.Images) -> None:
    """Train with Adam and a single cycle of learning rates."""
    count = len(images.train)
    optimizer = torch.optim.Adam(net.parameters(), 5e-3)
    steps = EPOCHS * -(-count // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(count).split(BATCH):
            functional.reset(net)
            outputs = net(encoding.direct(images.train[batch], STEPS))
            value = loss.temporal_cross_entropy(outputs, images.train_labels[batch])
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            schedule.step()


def main() -> None:
    """Train, test, and profile."""
    torch.manual_seed(0)
    images, net = data.digits(), network()
    train(net, images)
    net.eval()
    functional.reset(net)
    with torch.no_grad():
        outputs = net(encoding.direct(images.test, STEPS))
    right = decoding.rate(outputs).argmax(1) == images.test_labels
    print(f"accuracy {100 * right.float().mean():.2f} %")
    profile = monitor.profile(net, encoding.direct(images.test, STEPS))
    print(profile.text())
    print(f"{1e9 * profile.energy():.1f} nJ an image, by the usual estimate")


if __name__ == "__main__":
    main()
