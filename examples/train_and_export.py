"""Train a small network on synthetic events, export it for Loihi and verify it, in one script.

Usage: python examples/train_and_export.py [OUT]
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

import neurodeploy as nd
import quant
from snncore import functional, layer

STEPS, SIZE = 10, 8


def moving_bars(count: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return events (T, N, 1, 8, 8) of a bar moving right, left, down or up, and the direction."""
    labels = torch.randint(0, 4, (count,), generator=generator)
    start = torch.randint(0, SIZE, (count,), generator=generator)
    events = torch.zeros(STEPS, count, 1, SIZE, SIZE)
    for step in range(STEPS):
        for n, label in enumerate(labels.tolist()):
            position = int(start[n] + (step if label in (0, 2) else -step)) % SIZE
            if label < 2:
                events[step, n, 0, :, position] = 1
            else:
                events[step, n, 0, position, :] = 1
    noise = torch.rand(events.shape, generator=generator) < 0.02
    return torch.maximum(events, noise.float()), labels


def main() -> None:
    """Train, export, verify."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "example-output")
    torch.manual_seed(0)
    spikes, labels = moving_bars(400, torch.Generator().manual_seed(1))
    net = torch.nn.Sequential(
        quant.Block(
            quant.Conv2d(1, 8, 3, padding=1, bias=True),
            quant.CubaLIF(current_decay=0.5, voltage_decay=0.2),
        ),
        quant.SumPool2d(2),
        layer.Flatten(),
        quant.Block(quant.Linear(8 * 16, 4), quant.CubaLIF(current_decay=0.5, voltage_decay=0.1)),
    )
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for epoch in range(10):
        for batch in torch.randperm(len(labels)).split(50):
            functional.reset(net)
            counts = net(spikes[:, batch]).sum(0)
            loss = torch.nn.functional.cross_entropy(counts, labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch + 1}: loss {float(loss.detach()):.3f}")
    nd.save(net, out / "model.pt")
    artifact = nd.export(net, target="loihi", path=out / "loihi", example=spikes)
    report = nd.verify(
        artifact, model=net, samples=spikes[:, :20], labels=labels[:20].numpy(), simulator="lava"
    )
    print(report.to_text())
    raise SystemExit(report.exit_code)


if __name__ == "__main__":
    main()
