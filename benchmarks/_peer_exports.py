"""Random networks of every library, and whether their exports compute in Lava what was trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from _peers import LIBRARIES, Layer, Network
from torch import Tensor, nn

from targets.loihi.simulators.simulate import LavaRun, Layers, run_lava

# The extras of a drawn layer besides weights and neurons, and the libraries that offer them.
FAMILIES = {
    "plain": ("quant", "slayer", "SpikingJelly"),
    "delays": ("quant", "slayer"),
    "batch norms of the mean": ("slayer",),
    "batch norms": ("quant", "slayer", "SpikingJelly"),
}
_NORMS = {"batch norms of the mean": "mean", "batch norms": "scale"}


def drawn(family: str, seed: int) -> tuple[list[Layer], Tensor]:
    """Return layers with plausible numbers, and spikes (T, N, ...)."""
    random = np.random.default_rng(seed)
    # Not every library's layers support batch norms and delays.
    images = family != "delays" and (family == "batch norms" or random.random() < 0.5)
    shape = (int(random.integers(1, 3)), 7, 6) if images else (int(random.integers(4, 12)),)
    spikes = torch.from_numpy(random.random((16, 2, *shape)) < 0.4).float()
    plan, width = [], shape[0]
    if images:
        stride, channels = int(random.integers(1, 3)), int(random.integers(2, 5))
        plan.append(_layer(random, family, (channels, width, 3, 3), stride))
        width = channels * -(-shape[1] // stride) * -(-shape[2] // stride)
    for number in range(2 - images, -1, -1):
        outputs = int(random.integers(3, 9))
        # Only one of the libraries offers a norm for a layer without image channels.
        last = "plain" if number == 0 or family == "batch norms" else family
        plan.append(_layer(random, last, (outputs, width), 1))
        width = outputs
    return plan, spikes


def _layer(random: np.random.Generator, family: str, shape: tuple[int, ...], stride: int) -> Layer:
    fan_in = int(np.prod(shape[1:]))
    # Weights that drive the neurons; the chip may have to clip the largest.
    weight = random.normal(0.1, float(random.choice([1.0, 2.0, 4.0])), shape) / fan_in**0.5
    late = family == "delays"
    return Layer(
        torch.from_numpy(weight).float(),
        threshold=float(random.uniform(0.25, 1.5)),
        current_decay=float(random.choice([1.0, random.uniform(0.1, 0.9)])),
        voltage_decay=float(random.uniform(0.0, 0.5)),
        stride=stride,
        padding=int(len(shape) == 4),
        delays=tuple(int(n) for n in random.integers(0, 5, shape[0])) if late else (),
        norm=_NORMS.get(family, ""),
    )


def trained(network: Network, spikes: Tensor, seed: int) -> None:
    """Train a few steps, so that norms have statistics and weights are arbitrary."""
    torch.manual_seed(seed)
    optimizer = torch.optim.Adam(network.module.parameters(), 1e-2)
    network.module.train()
    for _ in range(4):
        counts = network.counts(spikes)
        labels = torch.randint(0, counts.shape[1], (counts.shape[0],))
        optimizer.zero_grad()
        nn.functional.cross_entropy(counts, labels).backward()
        optimizer.step()
    network.module.eval()


def in_lava(files: Sequence[bytes], samples: Sequence[Tensor]) -> list[Layers]:
    """Return Lava's trace of each file."""
    return run_lava(
        [LavaRun(f, x.numpy().astype(np.int64)) for f, x in zip(files, samples, strict=True)]
    )


def exact(trained_spikes: Sequence[Tensor], simulated: Layers) -> bool:
    """Return whether every layer of neurons spikes alike."""
    pairs = zip(trained_spikes, simulated, strict=True)
    return all(np.array_equal(s.reshape(x["s"].shape).numpy(), x["s"]) for s, x in pairs)


def share(name: str, family: str, count: int) -> tuple[int, int]:
    """Return how many exports of a library are exact, and how many networks spike."""
    files, samples, forwards = [], [], []
    for seed in range(count):
        plan, spikes = drawn(family, seed)
        network = LIBRARIES[name](plan, spikes)
        trained(network, spikes, seed)
        with torch.no_grad():
            forward = [s.detach().clone() for s in network.layers(spikes)]
        files.append(network.file(spikes))
        samples.append(spikes)
        forwards.append(forward)
    parities = [exact(f, x) for f, x in zip(forwards, in_lava(files, samples), strict=True)]
    spiking = [any(s.any() for s in forward) for forward in forwards]
    return sum(a and b for a, b in zip(parities, spiking, strict=True)), sum(spiking)
