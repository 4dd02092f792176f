"""A training step on a chip's grid beside the float step, of a small convolutional network.

Usage: python benchmarks/quantized_training.py

Two convolutions with batch norms, dense weights, LIF neurons, T = 8, batch 8, 16 x 16 pixels, 16
channels, SGD, one thread. Times are of the processor, as others may be busy beside it. Nothing is
timed before each network, briefly trained, gives golden's spikes on every bit. A norm that is
folded into rounded weights needs the sums of the weights before, so each convolution is computed
twice; "floats, twice" does nothing else, and is the floor.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import torch
from _iterations import iteration
from _table import compared
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.frontend.training import training_trace
from neurodeploy.verification.compare import compare
from snncore import functional, layer, neuron

STEPS, BATCH, SIZE, WIDTH, ROUNDS = 8, 8, 16, 16, 15
FORMATS = ("loihi", "int8", "lynxi")


def floats() -> nn.Sequential:
    """Return the float network."""
    torch.manual_seed(0)
    return nn.Sequential(
        layer.Conv2d(2, WIDTH, 3, padding=1, bias=False),
        layer.BatchNorm2d(WIDTH, momentum=0.5),
        neuron.LIF(tau=2.0, threshold=0.5, detach_reset=True),
        layer.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False),
        layer.BatchNorm2d(WIDTH, momentum=0.5),
        neuron.LIF(tau=2.0, threshold=0.5, detach_reset=True),
        layer.Flatten(),
        layer.Linear(WIDTH * SIZE * SIZE, 10),
        neuron.LIF(tau=2.0, threshold=0.05, detach_reset=True),
    )


class Twice(layer.Conv2d):
    """A convolution that is computed twice, forward and backward."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the sums."""
        return super().forward(x) * 0.5 + super().forward(x) * 0.5


def floor() -> nn.Sequential:
    """Return the float network with convolutions computed twice."""
    network = floats()
    for module in network:
        if type(module) is layer.Conv2d:
            module.__class__ = Twice
    return network


def samples() -> Tensor:
    """Return random spikes."""
    generator = torch.Generator().manual_seed(1)
    return (torch.rand(STEPS, BATCH, 2, SIZE, SIZE, generator=generator) < 0.3).float()


def check(name: str, network: nn.Module) -> None:
    """Check a network that trained for some steps against the golden interpreter.

    Raises:
        RuntimeError: if spikes differ, or there are none.
    """
    network.eval()
    x = samples()[:, :2]
    functional.reset(network)
    program = nd.lower(network, example=x)
    golden = nd.simulate(program, x)
    link = compare(name, golden, training_trace(network, program, x.numpy().astype(np.int64)), 0.0)
    functional.reset(network)
    with torch.no_grad():
        outputs = network(x).numpy()
    if not link.same or not golden.spikes() or not np.array_equal(outputs, golden.output):
        raise RuntimeError(f"{name}: {link.divergence or link.reason or 'nothing fired'}")
    network.train()


def main() -> None:
    """Check, and measure all networks in turns."""
    torch.set_num_threads(1)
    networks = {"floats": floats().train(), "floats, twice": floor().train()}
    for name in FORMATS:
        form = quant.chip_format(name)
        networks[name] = quant.prepare(floats(), target=form, example=samples()).train()
    steps = {name: iteration(network, samples(), BATCH) for name, network in networks.items()}
    for name, step in steps.items():
        for _ in range(5):
            step()
        if name in FORMATS:
            check(name, networks[name])
    times: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            start = time.process_time()
            step()
            times[name].append(1e3 * (time.process_time() - start))
    for name in FORMATS:
        peers = {other: min(times[other]) for other in ("floats", "floats, twice")}
        compared(f"a training step on the grid of {name}", min(times[name]), peers)
    for name, each in times.items():
        ratios = [a / b for a, b in zip(each, times["floats"], strict=True)]
        print(
            f"{name}: {statistics.median(each):.1f} ms a step, {statistics.median(ratios):.2f} "
            f"times floats; the fastest {min(each):.1f} ms, {min(each) / min(times['floats']):.2f}"
        )


if __name__ == "__main__":
    main()
