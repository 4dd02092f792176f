"""Turn a camera's events into frames, batches, and a class.

The events are drawn here: bars that move to the right or to the left. For a data set of tonic's,
use `data.tonic_dataset("NMNIST", "folder", data.by_time(8))` instead of the frames below.

Usage: python examples/events_to_frames.py
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from snncore import data, functional, layer, loss, neuron

SIZE, FRAMES = (16, 16, 2), 8


class Bars:
    """Moving bars, generated on demand: label 1 to the right, 0 to the left."""

    def __init__(self, count: int, seed: int) -> None:
        self.count, self.seed = count, seed

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[data.Events, int]:
        random = np.random.default_rng([self.seed, index])
        label = int(random.integers(2))
        times = np.sort(random.integers(0, 16_000, 400))
        column = times // 1000 if label else 15 - times // 1000
        # The leading edge switches on, the trailing edge off.
        polarity = random.integers(0, 2, 400)
        behind = np.where(polarity == 1, 0, -1 if label else 1)
        x = np.clip(column + behind + random.integers(0, 2, 400), 0, 15)
        return data.events(times, x, random.integers(0, 16, 400), polarity), label


def network() -> nn.Sequential:
    """Return a convolution, and neurons that read their own last spikes."""
    return nn.Sequential(
        layer.Conv2d(2, 8, 5, stride=2, padding=2, bias=False),
        layer.BatchNorm2d(8),
        neuron.LIF(tau=3.0, threshold=0.5, detach_reset=True),
        layer.Flatten(),
        layer.Recurrent(neuron.LIF(threshold=0.5, detach_reset=True)),
        layer.Linear(8 * 64, 2),
    )


def main() -> None:
    """Train on frames, and test on other events."""
    torch.manual_seed(0)
    frames = data.EventFrames(
        Bars(512, 0), SIZE, data.by_time(FRAMES), augmentations=[data.DropEvents(0.1)]
    )
    net = network()
    optimizer = torch.optim.Adam(net.parameters(), 5e-3)
    batches = data.loader(frames, 32, shuffle=True)
    for _ in range(3):
        for x, labels in batches:
            functional.reset(net)
            value = loss.temporal_cross_entropy(net(x), labels)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    net.eval()
    test = data.EventFrames(Bars(200, 1), SIZE, data.by_time(FRAMES))
    ((x, labels),) = data.loader(test, 200)
    functional.reset(net)
    with torch.no_grad():
        right = net(x).mean(0).argmax(1) == labels
    print(f"frames {tuple(x.shape)}: (steps, samples, polarities, height, width)")
    print(f"accuracy {100 * right.float().mean():.1f} %")


if __name__ == "__main__":
    main()
