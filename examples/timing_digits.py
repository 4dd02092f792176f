"""Train a network of spike times on digits, put it on a grid of integers, export and verify it.

Every neuron fires at most once: pixels by their latency, hidden neurons and classes as soon as
their voltage reaches the threshold. The class that fires first is the answer.

Usage: python examples/timing_digits.py [--seed S] [--epochs N] [--hidden N ...] [--rate R]
           [--batch N] [--jitter J] [--drop SHARE] [--validate] [--train-only]
           [--load FILE] [--out DIR]
"""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from snncore import data, functional, timing

LONGEST, DT, STEPS = 2.0, 1 / 16, 64
# Twice the threshold, in units of the largest response to a spike.
DRIVE = 2.0 * 4.0


def spike_times(images: Tensor) -> Tensor:
    """Return the times (N, 128) of a spike for each pixel, and of one for its complement."""
    pixels = images.flatten(1)
    both = (timing.latency(values, LONGEST, silent=None) for values in (pixels, 1 - pixels))
    return torch.cat(tuple(both), 1)


def train(
    network: nn.Sequential, images: Tensor, labels: Tensor, options: argparse.Namespace
) -> None:
    """Train on the order of the classes' spikes; inputs are moved in time, or lost."""
    count = len(images)
    optimizer = torch.optim.Adam(network.parameters(), options.rate)
    batches = options.epochs * -(-count // options.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.rate, total_steps=batches)
    for epoch in range(options.epochs):
        total = 0.0
        for batch in torch.randperm(count).split(options.batch):
            times = spike_times(images[batch])
            times = (times + options.jitter * torch.randn_like(times)).clamp(min=0)
            times = torch.where(torch.rand_like(times) < options.drop, torch.inf, times)
            loss = timing.time_cross_entropy(network(times), labels[batch], longest=4.0)
            for each in network.parameters():
                loss = loss + 0.1 * timing.silence_penalty(each, drive=DRIVE)
            optimizer.zero_grad()
            loss.backward()
            # Where a voltage only grazes the threshold, the exact gradient is very large.
            for each in network.parameters():
                if each.grad is not None:
                    each.grad.div_((each.grad.norm(dim=1, keepdim=True) / 0.05).clamp(min=1))
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
        print(f"epoch {epoch + 1}: loss {total / count:.3f}", flush=True)


def share(answers: Tensor, labels: Tensor) -> float:
    """Return the accuracy in percent."""
    return 100 * float((answers == labels).float().mean())


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--hidden", type=int, nargs="+", default=[96], help="neurons a layer")
    parser.add_argument("--rate", type=float, default=1e-2)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--jitter", type=float, default=0.2, help="deviation")
    parser.add_argument("--drop", type=float, default=0.1, help="share of inputs that are lost")
    parser.add_argument(
        "--validate", action="store_true", help="test on a fifth of training, the seed's"
    )
    parser.add_argument("--train-only", action="store_true")
    parser.add_argument("--load", type=Path, help="a times.pt to export, without training")
    parser.add_argument("--out", type=Path, default=Path("timing-output"))
    return parser.parse_args()


@torch.no_grad()
def main() -> None:
    """Train, put on a grid, export, verify."""
    options = arguments()
    torch.set_num_threads(1)
    images = data.digits()
    network = nd.load(options.load) if options.load else trained(images, options)
    if options.validate:
        return
    times = spike_times(images.test)
    print(f"spike times: {share(network(times).argmin(1), images.test_labels):.2f} %", flush=True)
    if not options.train_only:
        export(network, images, options.out)


def trained(images: data.Images, options: argparse.Namespace) -> nn.Module:
    """Return a trained network, which is saved too."""
    torch.manual_seed(options.seed)
    out = torch.arange(len(images.train)) % 5 == options.seed % 5
    some = ~out if options.validate else torch.ones_like(out)
    sizes = [128, *options.hidden, 10]
    network = nn.Sequential(*(timing.FirstSpike(*each, tau_mem=2.0) for each in pairwise(sizes)))
    for each in network:
        each.start_over(drive=2.0, spread=1.0)
    start = time.process_time()
    with torch.enable_grad():
        train(network, images.train[some], images.train_labels[some], options)
    print(f"{time.process_time() - start:.0f} s of one core")
    if options.validate:
        answers = network(spike_times(images.train[out])).argmin(1)
        print(f"validation: {share(answers, images.train_labels[out]):.2f} %", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    nd.save(network, options.out / "times.pt", example=spike_times(images.test))
    return network


def export(network: nn.Module, images: data.Images, out: Path) -> None:
    """Put the network on steps and integers, export and verify it."""
    times = spike_times(images.test)
    stepped = timing.stepped(network, DT).eval()
    trains = timing.to_train(times, STEPS, DT)
    print(f"{STEPS} steps: {share(stepped(trains).argmin(1), images.test_labels):.2f} %")
    for target in ("onnx", "c"):
        functional.reset(stepped)
        prepared = quant.prepare(stepped, target=target, example=trains).eval()
        functional.reset(prepared)
        answers = prepared(trains).argmin(1)
        print(f"integers for {target}: {share(answers, images.test_labels):.2f} %")
        functional.reset(prepared)
        nd.save(prepared, out / f"{target}.pt", example=trains)
        artifact = nd.export(prepared, target=target, path=out / target, example=trains)
        print(nd.verify(artifact, model=prepared, samples=trains[:, :100]).to_text())


if __name__ == "__main__":
    main()
