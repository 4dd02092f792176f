"""Train in several processes, stop, and resume with the same bits.

Usage: python examples/distributed.py
       torchrun --nproc-per-node 2 examples/distributed.py
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import torch
from torch import nn

from snncore import data, encoding, functional, loss, models, neuron, training

STEPS, BATCH, UPDATES = 4, 64, 40
FIRES = partial(neuron.LIF, threshold=0.5, detach_reset=True)


def network() -> nn.Module:
    """Return a narrow SEW ResNet-18."""
    torch.manual_seed(0)
    return models.sew_resnet18(10, width=8, channels=1, small_images=True, neuron=FIRES)


def main() -> None:
    """Run half of the updates, write a file, and run the other half from that file."""
    images = data.digits()
    with training.processes() as process:
        net = training.data_parallel(network(), process)
        optimizer = torch.optim.Adam(net.parameters(), 4e-3)
        path = Path(tempfile.gettempdir()) / f"snncore-run-{process.rank}.npz"
        for update in range(UPDATES):
            if update == UPDATES // 2:
                training.save_run(path, net, optimizer, progress={"update": update})
                progress = training.load_run(path, net, optimizer)
                path.unlink()
                if process.first:
                    print(f"goes on with update {progress['update']}")
            generator = torch.Generator().manual_seed(update)
            drawn = torch.randperm(len(images.train), generator=generator)[:BATCH]
            mine = drawn[process.rank :: process.count]
            batches = [
                (encoding.direct(x, STEPS).to(process.device), labels.to(process.device))
                for x, labels in zip(
                    images.train[mine].chunk(2), images.train_labels[mine].chunk(2), strict=True
                )
            ]
            value = training.training_step(net, optimizer, batches, loss.rate_cross_entropy)
        net.eval()
        functional.reset(net)
        with torch.no_grad():
            outputs = net(encoding.direct(images.test, STEPS).to(process.device))
        right = outputs.mean(0).argmax(1).cpu() == images.test_labels
        if process.first:
            print(f"{process.count} processes, last loss {value:.3f}")
            print(f"accuracy {100 * right.float().mean():.1f} %")


if __name__ == "__main__":
    main()
