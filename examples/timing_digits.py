"""Train a network of spike times on digits, put it on a grid of integers, export and verify it.

Every neuron fires at most once: pixels by their latency, hidden neurons and classes as soon as
their voltage reaches the threshold. The class that fires first is the answer.

Usage: python examples/timing_digits.py [--seed S] [--epochs N] [--out DIR]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from snncore import data, functional, timing

LONGEST, DT, STEPS, HIDDEN, BATCH = 2.0, 1 / 16, 64, 64, 64
# Twice the threshold, in units of the largest response to a spike.
DRIVE = 2.0 * 4.0


def spike_times(images: Tensor) -> Tensor:
    """Return the times (N, 128) of a spike for each pixel, and of one for its complement."""
    pixels = images.flatten(1)
    both = (timing.latency(values, LONGEST, silent=None) for values in (pixels, 1 - pixels))
    return torch.cat(tuple(both), 1)


def train(network: nn.Sequential, images: data.Images, epochs: int) -> None:
    """Train on the order of the classes' spikes, with jitter on the inputs."""
    times, count = spike_times(images.train), len(images.train)
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    batches = epochs * -(-count // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=batches)
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.randperm(count).split(BATCH):
            jittered = (times[batch] + 0.25 * torch.randn(len(batch), 128)).clamp(min=0)
            first = network(jittered)
            loss = timing.time_cross_entropy(first, images.train_labels[batch], longest=4.0)
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


@torch.no_grad()
def main() -> None:
    """Train, put on a grid, export, verify."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=18)
    parser.add_argument("--out", type=Path, default=Path("timing-output"))
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    images = data.digits()
    network = nn.Sequential(
        timing.FirstSpike(128, HIDDEN, tau_mem=2.0), timing.FirstSpike(HIDDEN, 10, tau_mem=2.0)
    )
    for each in network:
        each.start_over(drive=2.0, spread=1.0)
    start = time.process_time()
    with torch.enable_grad():
        train(network, images, options.epochs)
    print(f"{time.process_time() - start:.0f} s of one core")
    times = spike_times(images.test)
    print(f"spike times: {share(network(times).argmin(1), images.test_labels):.2f} %")
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
        nd.save(prepared, options.out / f"{target}.pt", example=trains)
        artifact = nd.export(prepared, target=target, path=options.out / target, example=trains)
        print(nd.verify(artifact, model=prepared, samples=trains[:, :100]).to_text())


if __name__ == "__main__":
    main()
