"""Training on Loihi's integers beside lava-dl's slayer and SpikingJelly's exchange with Lava.

The same network, weights, data and epochs; the processor time of one thread, from which other work
on the machine takes little; and how many of each one's exports give in Lava, on every bit, what was
trained.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from statistics import median

import torch
from _peer_exports import FAMILIES, exact, in_lava, share
from _peers import LIBRARIES, Layer, Network
from _table import compared
from torch import Tensor, nn

from neurodeploy.demo.digits import Digits, load_digits

BATCH = 64


def plan() -> list[Layer]:
    """Return two convolutions and dense weights, so large that every layer spikes at once."""
    torch.manual_seed(0)
    layers = [
        (nn.Conv2d(1, 16, 3), 1, 1),
        (nn.Conv2d(16, 32, 3), 2, 1),
        (nn.Linear(512, 10), 1, 0),
    ]
    return [
        Layer(2.0 * module.weight.detach(), 1.0, 1.0, 0.1, stride, padding)
        for module, stride, padding in layers
    ]


def trained(
    networks: Mapping[str, Network], spikes: Tensor, labels: Tensor, epochs: int
) -> dict[str, float]:
    """Train all, one step of each in turn; return the seconds of an epoch of median steps."""
    optimizers = {
        name: torch.optim.Adam(network.module.parameters(), 2e-3, fused=True)
        for name, network in networks.items()
    }
    times: dict[str, list[float]] = {name: [] for name in networks}
    for epoch in range(epochs):
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(epoch))
        for batch in order.split(BATCH):
            seen, targets = spikes[:, batch], labels[batch]
            for name, network in networks.items():
                start = time.process_time()
                loss = nn.functional.cross_entropy(network.counts(seen), targets)
                optimizers[name].zero_grad()
                loss.backward()
                optimizers[name].step()
                times[name].append(time.process_time() - start)
    return {name: median(each) * len(each) / epochs for name, each in times.items()}


@torch.no_grad()
def compare(digits: Digits, steps: int, epochs: int) -> None:
    """Print times and accuracies for `steps`, and whether the trained networks are exact in Lava.

    Raises: AssertionError if the same weights do not give the same spikes, or ours is not exact.
    """
    repeat = steps // len(digits.train)
    train, test = (x.repeat(repeat, 1, 1, 1, 1) for x in (digits.train, digits.test))
    few = test[:, :20]
    networks = {name: make(plan(), few) for name, make in LIBRARIES.items()}
    before = {name: network.layers(few) for name, network in networks.items()}
    for name, layers in before.items():
        same = all(map(torch.equal, (s.reshape(len(s), 20, -1) for s in layers), flat(before)))
        assert same, f"{name}: the same weights must give the same spikes"
    with torch.enable_grad():
        times = trained(networks, train, digits.train_labels, epochs)
    peers = {name: 1e3 * seconds for name, seconds in times.items() if name != "quant"}
    compared(f"an epoch on Loihi's integers, {steps} steps", 1e3 * times["quant"], peers)
    for name, network in networks.items():
        right = (network.counts(test).argmax(1) == digits.test_labels).float().mean()
        layers = network.layers(few)
        is_equal = exact(layers, in_lava([network.file(few)], [few])[0])
        assert is_equal or name != "quant"
        print(
            f"{steps} steps, {name:12} {times[name]:6.2f} s an epoch "
            f"({times[name] / times['quant']:.2f} times ours), {float(right):.4f} of the test "
            f"samples, its export in Lava {'equal' if is_equal else 'DIFFERENT'}",
            flush=True,
        )


def flat(before: Mapping[str, list[Tensor]]) -> list[Tensor]:
    """Return the layers of the first library, one row per sample."""
    return [s.reshape(len(s), 20, -1) for s in next(iter(before.values()))]


def main() -> None:
    """Print times, accuracies and shares, and fail if our own export is not exact."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--networks", type=int, default=40)
    options = parser.parse_args()
    torch.set_num_threads(1)
    digits = load_digits()
    for steps in options.steps:
        compare(digits, steps, options.epochs)
    for family, names in FAMILIES.items():
        for name in names:
            equal, count = share(name, family, options.networks)
            print(f"{family}: {equal} of {count} exports of {name} are exact in Lava", flush=True)
            assert equal == count or name != "quant"


if __name__ == "__main__":
    main()
