"""Train a recurrent layer that remembers what was shown before a pause.

Two inputs: one of them fires in the first steps, then there is silence. Only activity that the
network keeps going by itself can tell which input it was.

Usage: python examples/recurrent.py
"""

from __future__ import annotations

import torch
from torch import nn

from snncore import functional, layer, neuron

STEPS, SHOWN = 12, 3


def samples(count: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return spikes (T, N, 2) and the input that fired."""
    labels = torch.randint(0, 2, (count,), generator=generator)
    spikes = torch.zeros(STEPS, count, 2)
    spikes[:SHOWN, torch.arange(count), labels] = 1
    noise = torch.rand(STEPS, count, 2, generator=generator) < 0.05
    return torch.maximum(spikes, noise.float()), labels


def network(recurrent: bool) -> nn.Sequential:
    """Return a network in which only the recurrent layer runs step by step."""
    fires = neuron.LIF(tau=2.0, threshold=0.5, detach_reset=True)
    middle = layer.Recurrent(fires, layer.Linear(32, 32)) if recurrent else fires
    return nn.Sequential(layer.Linear(2, 32, bias=False), middle, layer.Linear(32, 2))


def accuracy(recurrent: bool) -> float:
    """Train, and return how often the last step alone tells what was shown."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    net = network(recurrent)
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(120):
        x, labels = samples(64, generator)
        functional.reset(net)
        loss = nn.functional.cross_entropy(net(x)[-1], labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, labels = samples(500, generator)
    functional.reset(net)
    with torch.no_grad():
        return float((net(x)[-1].argmax(1) == labels).float().mean())


def main() -> None:
    """Compare a network without and with recurrence."""
    print(f"without recurrence {100 * accuracy(False):.1f} %")
    print(f"with recurrence    {100 * accuracy(True):.1f} %")


if __name__ == "__main__":
    main()
