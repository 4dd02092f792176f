"""Train delays and a recurrent layer on the chip's integers, checked by three simulators.

Two inputs fire once each; the network tells which fired first.

Usage: python examples/which_came_first.py [OUT]
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

import neurodeploy as nd
import quant
from snncore import functional, layer

STEPS, HIDDEN = 16, 16


def pairs(count: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return spikes (T, N, 2) of two inputs, and which of them fired first."""
    first = torch.randint(0, STEPS - 5, (count,), generator=generator)
    gap = torch.randint(1, 5, (count,), generator=generator)
    labels = torch.randint(0, 2, (count,), generator=generator)
    spikes = torch.zeros(STEPS, count, 2)
    every = torch.arange(count)
    spikes[first, every, labels] = 1
    spikes[first + gap, every, 1 - labels] = 1
    return spikes, labels


def main() -> None:
    """Train, export, verify."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "example-output")
    torch.manual_seed(0)
    spikes, labels = pairs(300, torch.Generator().manual_seed(1))

    def neurons() -> quant.CubaLIF:
        return quant.CubaLIF(current_decay=0.4, voltage_decay=0.1)

    net = torch.nn.Sequential(
        quant.Linear(2, HIDDEN),
        layer.Recurrent(neurons(), quant.Linear(HIDDEN, HIDDEN)),
        layer.Delay([n % 4 for n in range(HIDDEN)]),
        quant.Block(quant.Linear(HIDDEN, 2), neurons()),
    )
    with torch.no_grad():
        net[0].weight.mul_(2.0)
    optimizer = torch.optim.Adam(net.parameters(), 2e-2)
    for epoch in range(12):
        for batch in torch.randperm(len(labels)).split(50):
            functional.reset(net)
            counts = net(spikes[:, batch]).sum(0)
            loss = torch.nn.functional.cross_entropy(counts, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}: loss {float(loss.detach()):.3f}")
    nd.save(net, out / "model.pt", example=spikes)
    artifact = nd.export(net, target="loihi", path=out / "loihi", example=spikes)
    report = nd.verify(
        artifact, model=net, samples=spikes[:, :20], labels=labels[:20].numpy(), simulator="all"
    )
    print(report.to_text())
    raise SystemExit(report.exit_code)


if __name__ == "__main__":
    main()
