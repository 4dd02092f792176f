"""Learn while the sequence comes in: memory does not grow with its length.

Usage: python examples/online_learning.py
"""

from __future__ import annotations

import torch
from torch import nn

from snncore import data, encoding, functional, layer, learning, neuron

STEPS, EPOCHS = 6, 6


def main() -> None:
    """Train on digits online, with one update of the weights per sequence."""
    torch.manual_seed(0)
    images = data.digits()
    tau = 2.0
    network = nn.Sequential(
        layer.Flatten(),
        layer.Linear(64, 128),
        neuron.LIF(tau=tau, threshold=0.5, detach_reset=True),
        layer.Linear(128, 10),
    )
    learning.online(network, decay=1 - 1 / tau)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images.train)).split(64):
            optimizer.zero_grad()
            spikes = encoding.rate(images.train[batch], STEPS)
            for output in learning.steps_online(network, spikes):
                # Each step has its own loss and backward pass, and leaves nothing behind.
                loss = nn.functional.cross_entropy(output, images.train_labels[batch]) / STEPS
                loss.backward()
            optimizer.step()
    network.eval()
    functional.reset(network)
    with torch.no_grad():
        spikes = encoding.rate(images.test, 4 * STEPS, seed=0)
        outputs = torch.stack([network(step) for step in spikes]).mean(0)
    right = outputs.argmax(1) == images.test_labels
    print(f"accuracy {100 * right.float().mean():.2f} % after learning online")


if __name__ == "__main__":
    main()
