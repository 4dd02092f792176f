"""Training on Loihi's integers beside lava-dl's slayer: the same network, weights, data and epochs.

Slayer comes from the sandbox of the simulator `lava`, and runs on this process's torch.
"""

from __future__ import annotations

import argparse
import sys
import time
import types
from typing import Any

import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.demo.digits import load_digits
from neurodeploy.sandbox import install, status
from neurodeploy.target import target
from snncore import functional, layer

DECAY, BATCH = 0.1, 64


def ours() -> nn.Sequential:
    """Two convolutions and dense weights on Loihi's grid."""
    return nn.Sequential(
        quant.Block(quant.Conv2d(1, 16, 3, padding=1), quant.CubaLIF(voltage_decay=DECAY)),
        quant.Block(
            quant.Conv2d(16, 32, 3, stride=2, padding=1), quant.CubaLIF(voltage_decay=DECAY)
        ),
        layer.Flatten(),
        quant.Block(quant.Linear(512, 10), quant.CubaLIF(voltage_decay=DECAY)),
    )


def theirs(network: nn.Sequential) -> nn.ModuleList:
    """The same blocks of slayer's, with the same weights."""
    packages = next((status(target("loihi").simulators["lava"]).path / "lib").glob("python*"))
    sys.path.append(str(packages / "site-packages"))
    # It asks for OpenCV, of which nothing is needed here.
    sys.modules["lava.lib.dl.slayer.object_detection"] = types.ModuleType("object_detection")
    from lava.lib.dl.slayer import block

    shared = {"threshold": 1.0, "current_decay": 1.0, "voltage_decay": DECAY, "scale": 64}
    # Without the step that each layer lags behind on the chip.
    options = {"weight_norm": False, "delay_shift": False}
    made = nn.ModuleList(
        [
            block.cuba.Conv(shared, 1, 16, 3, padding=1, **options),
            block.cuba.Conv(shared, 16, 32, 3, stride=2, padding=1, **options),
            block.cuba.Flatten(),
            block.cuba.Dense(shared, 512, 10, **options),
        ]
    )
    with torch.no_grad():
        for number in (0, 1, 3):
            weight = made[number].synapse.weight
            weight.copy_(network[number].synapse.weight.reshape(weight.shape))
    return made


def through(blocks: nn.ModuleList, spikes: Tensor) -> Tensor:
    """Counts of slayer's blocks, whose time is last."""
    value = spikes.permute(1, 2, 3, 4, 0)
    for each in blocks:
        value = each(value)
    counts: Tensor = value.sum(-1)
    return counts


def trained(parameters: Any, counts: Any, spikes: Tensor, labels: Tensor, epochs: int) -> float:
    """Train, and give the seconds of the fastest epoch."""
    optimizer = torch.optim.Adam(list(parameters), 2e-3)
    times = []
    for epoch in range(epochs):
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(epoch))
        start = time.perf_counter()
        for batch in order.split(BATCH):
            loss = nn.functional.cross_entropy(counts(spikes[:, batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print accuracies and seconds an epoch, and fail where an export is not exact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    install(target("loihi").simulators["lava"])
    digits = load_digits()
    repeat = options.steps // len(digits.train)
    train, test = (x.repeat(repeat, 1, 1, 1, 1) for x in (digits.train, digits.test))
    network = ours()
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(2.0)
    slayer = theirs(network)

    def counts(spikes: Tensor) -> Tensor:
        functional.reset(network)
        return network(spikes).sum(0)

    with torch.no_grad():
        same = torch.equal(counts(test[:, :8]), through(slayer, test[:, :8]))
    assert same, "the same weights must give the same spikes"
    for name, module, function in (
        ("quant", network, counts),
        ("slayer", slayer, lambda spikes: through(slayer, spikes)),
    ):
        took = trained(module.parameters(), function, train, digits.train_labels, options.epochs)
        with torch.no_grad():
            right = (function(test).argmax(1) == digits.test_labels).float().mean()
        print(f"{name:7} {took:.2f} s an epoch, {float(right):.4f} of the test samples")
    functional.reset(network)
    artifact = nd.export(network, target="loihi", path="demo-output/peers", example=test)
    report = nd.verify(artifact, model=network, samples=test[:, :40], simulator="lava")
    print("quant's export under Lava:", "equal" if report.equal else report.to_text())
    assert report.equal


if __name__ == "__main__":
    main()
