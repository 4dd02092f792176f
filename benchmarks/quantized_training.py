"""A training step on a chip's grid beside the float step, of a small convolutional network.

Usage: python benchmarks/quantized_training.py [--write]

Two convolutions with batch norms, dense weights, LIF neurons, T = 8, batch 8, 16 x 16 pixels, 16
channels, SGD, one thread. Times are of the processor, as others may be busy beside it. Nothing is
timed before each network, briefly trained, gives golden's spikes on every bit. A norm that is
folded into rounded weights needs the sums of the weights before, so each convolution is computed
twice; "floats, twice" does nothing else, and is the floor. Norms that are frozen need it once.
"""

from __future__ import annotations

import copy
import statistics
import time

import numpy as np
import torch
from _iterations import iteration
from _results import report
from _table import compared
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.frontend.training import training_trace
from neurodeploy.verification.compare import compare
from snncore import functional, layer, neuron

STEPS, BATCH, SIZE, WIDTH, ROUNDS = 8, 8, 16, 16, 41
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


def trained() -> dict[str, nn.Module]:
    """Return all networks after some steps; those on a grid are checked, and frozen once more."""
    networks: dict[str, nn.Module] = {"floats": floats().train(), "floats, twice": floor().train()}
    for name in FORMATS:
        form = quant.chip_format(name)
        networks[name] = quant.prepare(floats(), target=form, example=samples()).train()
        run_some(networks[name])
        check(name, networks[name])
        frozen = networks[f"{name}, norms frozen"] = copy.deepcopy(networks[name])
        quant.freeze_norms(frozen)
        run_some(frozen)
        check(name, frozen)
    return networks


def run_some(network: nn.Module) -> None:
    """Train for five steps."""
    functional.reset(network)
    step = iteration(network, samples(), BATCH)
    for _ in range(5):
        step()


def main() -> None:
    """Check, and measure all networks in turns."""
    torch.set_num_threads(1)
    networks = trained()
    steps = {name: iteration(network, samples(), BATCH) for name, network in networks.items()}
    times: dict[str, list[float]] = {name: [] for name in networks}
    for turn in range(ROUNDS + 3):
        for name, step in steps.items():
            start = time.process_time()
            step()
            if turn >= 3:
                times[name].append(1e3 * (time.process_time() - start))
    for name in FORMATS:
        peers = {other: min(times[other]) for other in ("floats", "floats, twice")}
        compared(f"a training step on the grid of {name}", min(times[name]), peers)
    table = ["| network | fastest, ms | over floats | median, ms | over floats |"]
    table.append("|---|---|---|---|---|")
    for name, each in times.items():
        row = [min(each), min(each) / min(times["floats"]), statistics.median(each)]
        row.append(statistics.median(a / b for a, b in zip(each, times["floats"], strict=True)))
        table.append(f"| {name} | {row[0]:.1f} | {row[1]:.2f} | {row[2]:.1f} | {row[3]:.2f} |")
    about = (
        f"A training step of a small convolutional network, T = {STEPS}, batch {BATCH}, {SIZE} x "
        f"{SIZE}, {WIDTH} channels; processor time of one thread beside other processes, from "
        "`python benchmarks/quantized_training.py --write`. Each network on a grid gives golden's "
        'spikes first. "Twice" computes each convolution of the float network twice, as norms '
        "that learn need, since their statistics are those of sums before rounding; frozen norms "
        "need it once."
    )
    report("Training on a chip's grid on a CPU", about, table)


if __name__ == "__main__":
    main()
