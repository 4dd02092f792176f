"""Recognize gestures in the events of a camera, on Loihi: from events to a report.

The gestures are IBM's DVS Gesture with `--data FOLDER`, the folder that its archive unpacks to.
Otherwise a simulated camera sees digits that move in eleven ways.

Usage: python examples/gesture_to_loihi.py [--out DIR] [--data FOLDER] [--quick] [--json] ...
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.report.write import write_report
from neurodeploy.trace import accuracy
from snncore import data, functional, layer, monitor, neuron

CLASSES = len(data.MOTIONS)
POOLS = {"average": layer.AvgPool2d, "max": layer.MaxPool2d}
# What --quick changes: everything smaller, for a look at the whole path.
QUICK = {
    "pixels": 16,
    "steps": 8,
    "channels": 12,
    "train": 330,
    "test": 110,
    "epochs": 8,
    "tuning": 3,
    "samples": 2,
}
# The golden interpreter keeps every state of every step of a batch.
GOLDEN_BATCH = 10


@dataclass(frozen=True)
class Samples:
    """Frames of spikes (T, N, 2, H, W), a byte each, and labels (N,)."""

    spikes: Tensor
    labels: Tensor

    def batch(self, chosen: Any) -> Tensor:
        """Return the spikes of some samples, as networks take them."""
        return self.spikes[:, chosen].float()


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """Return the options; `--quick` is a set of other defaults."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    add = parser.add_argument
    add("--out", type=Path, default=Path("example-output/gestures"), help="folder for all files")
    add("--data", type=Path, metavar="FOLDER", help="DVS Gesture, as its archive unpacks")
    add("--quick", action="store_true", help="small sizes, for a look")
    add("--json", action="store_true", help="print the report as one JSON document")
    add("--pixels", type=int, default=32, help="height and width of a frame, a multiple of 8")
    add("--steps", type=int, default=16, help="frames of a sample")
    add("--channels", type=int, default=32, help="channels of each convolution")
    add("--pool", choices=POOLS, default="average", help="what halves the image")
    add("--threshold", type=float, default=1.0, help="threshold of the neurons")
    add("--train", type=int, help="training samples (880; all recorded ones)")
    add("--test", type=int, help="test samples (220; all recorded ones)")
    add("--epochs", type=int, default=5, help="epochs in floats")
    add("--tuning", type=int, default=1, help="epochs on the chip's integers")
    add("--samples", type=int, default=4, help="test samples that are verified, in Lava too")
    add("--simulator", default="lava", metavar="NAME", help="or none")
    add("--seed", type=int, default=0, help="of the simulated events, and of training")
    if parser.parse_known_args(words)[0].quick:
        parser.set_defaults(**QUICK)
    options = parser.parse_args(words)
    for name in ("pixels", "steps", "channels", "epochs", "tuning", "samples", "train", "test"):
        value = getattr(options, name)
        if value is not None and value < 1:
            parser.error(f"--{name}: {value} is not positive")
    if options.pixels % 8:
        parser.error(f"--pixels: {options.pixels} is not a multiple of 8, which three pools need")
    return options


def say(line: str) -> None:
    """Print progress beside the result."""
    print(line, file=sys.stderr, flush=True)


def paced(seconds: float = 5.0) -> Callable[[str], None]:
    """Return a function that prints progress, but not more often than this."""
    last = time.perf_counter()

    def step(line: str) -> None:
        nonlocal last
        if time.perf_counter() - last > seconds:
            last = time.perf_counter()
            say(line)

    return step


def source_of(options: argparse.Namespace, *, train: bool) -> Any:
    """Return the events for training or for test: recorded or simulated.

    Raises:
        NeurodeployError: if the recordings cannot be read.
    """
    if options.data is None:
        count = (options.train or 880) if train else (options.test or 220)
        return data.MovingDigits(count, pixels=options.pixels, train=train, seed=options.seed)
    try:
        source = data.DVSGestures(options.data, train=train)
        # The first one shows whether the others can be read.
        _ = source[0]
    except (OSError, ValueError) as error:
        remedy = (
            "--data takes the folder that DvsGesture.tar.gz unpacks to, with "
            "trials_to_train.txt; without --data the events are simulated"
        )
        raise nd.NeurodeployError(str(error), remedy=remedy) from error
    except ImportError as error:
        words, _, remedy = str(error).partition(": ")
        raise nd.NeurodeployError(words, remedy=remedy) from error
    return source


def samples_of(options: argparse.Namespace, *, train: bool) -> Samples:
    """Return the events as frames, where a cell of pixels spikes if enough events are in it."""
    source = source_of(options, train=train)
    limit = options.train if train else options.test
    count = len(source) if limit is None else min(limit, len(source))
    cell = source.size[0] // options.pixels
    if cell * options.pixels != source.size[0]:
        words = f"--pixels: {options.pixels} does not divide the sensor's {source.size[0]}"
        raise nd.NeurodeployError(words, remedy="choose 16, 32 or 64")
    frames, spikes, labels = data.by_time(options.steps), [], []
    step, events_of = paced(), f"frames of {'training' if train else 'test'} events"
    for index in range(count):
        events, label = source[index]
        counts = cell * cell * nn.functional.avg_pool2d(frames(events, source.size), cell)
        # An event for every other pixel: a cell of one pixel needs one.
        spikes.append((counts >= max(1, cell * cell // 2)).to(torch.uint8))
        labels.append(label)
        step(f"{events_of}: {index + 1} of {count}")
    say(f"{events_of}: {count}")
    return Samples(torch.stack(spikes, 1), torch.tensor(labels))


def network(options: argparse.Namespace) -> nn.Sequential:
    """Return three convolutions, each with a batch norm, neurons and a pool, and eleven sums."""
    layers: list[nn.Module] = []
    inputs = 2
    for _ in range(3):
        norm = layer.BatchNorm2d(options.channels)
        # Spikes need currents near the threshold from the start.
        nn.init.constant_(norm.bias, 0.5)
        layers += [
            layer.Conv2d(inputs, options.channels, 3, padding=1, bias=False),
            norm,
            neuron.LIF(threshold=options.threshold, detach_reset=True),
            POOLS[options.pool](2),
        ]
        inputs = options.channels
    readout = layer.Linear(inputs * (options.pixels // 8) ** 2, CLASSES)
    return nn.Sequential(*layers, layer.Flatten(), readout)


def train(net: nn.Module, samples: Samples, epochs: int, rate: float) -> None:
    """Train on the mean of the output over time, and warn of layers that stay silent."""
    count, size = len(samples.labels), 33
    optimizer = torch.optim.Adam(net.parameters(), rate)
    steps = epochs * -(-count // size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    net.train()
    with monitor.watch_silence(net):
        for epoch in range(epochs):
            started, total, step = time.perf_counter(), 0.0, paced()
            for number, batch in enumerate(torch.randperm(count).split(size)):
                step(f"epoch {epoch + 1} of {epochs}: {number * size} of {count} samples")
                functional.reset(net)
                output = net(samples.batch(batch)).mean(0)
                value = nn.functional.cross_entropy(output, samples.labels[batch])
                optimizer.zero_grad()
                value.backward()
                optimizer.step()
                schedule.step()
                total += float(value.detach()) * len(batch)
            seconds = time.perf_counter() - started
            say(f"epoch {epoch + 1} of {epochs}: loss {total / count:.3f}, {seconds:.1f} s")
    net.eval()


@torch.no_grad()
def trained_accuracy(net: nn.Module, samples: Samples) -> float:
    """Return a network's share of right answers."""
    right = 0
    for batch in torch.arange(len(samples.labels)).split(66):
        functional.reset(net)
        answers = net(samples.batch(batch)).sum(0).argmax(1)
        right += int((answers == samples.labels[batch]).sum())
    functional.reset(net)
    return right / len(samples.labels)


def chip_accuracy(artifact: nd.Artifact, samples: Samples) -> float:
    """Return the exported file's share of right answers, by the golden interpreter."""
    program, count, right, step = nd.read(artifact), len(samples.labels), 0.0, paced()
    for batch in torch.arange(count).split(GOLDEN_BATCH):
        trace = nd.simulate(program, samples.batch(batch).numpy())
        right += accuracy(trace, samples.labels[batch].numpy()) * len(batch)
        step(f"the chip's integers: {int(batch[-1]) + 1} of {count} test samples")
    return round(right) / count


def run(options: argparse.Namespace) -> nd.Report:
    """Train, quantize, export, verify, and return the report."""
    torch.manual_seed(options.seed)
    learning, test = samples_of(options, train=True), samples_of(options, train=False)
    few = test.batch(slice(options.samples))
    net = network(options)
    say("training in floats")
    train(net, learning, options.epochs, 1e-2)
    shares = {"float": trained_accuracy(net, test)}
    say(f"accuracy in floats: {shares['float']:.1%}; onto the chip's integers")
    on_grid = quant.prepare(net, target="loihi", example=few)
    train(on_grid, learning, options.tuning, 2e-3)
    chip = quant.freeze(on_grid)
    monitor.warn_of_silence(chip, few)
    shares["quantized"] = trained_accuracy(chip, test)
    nd.save(chip, options.out / "model.pt", example=few)
    artifact = nd.export(chip, target="loihi", path=options.out / "loihi", example=few)
    say("the exported file in the golden interpreter")
    shares["chip"] = chip_accuracy(artifact, test)
    report = nd.verify(artifact, model=chip, samples=few, simulator=options.simulator, progress=say)
    events = "recorded" if options.data else "simulated"
    facts = {
        "accuracy": f"{len(test.labels)} test samples of {events} events; the chip's by golden",
        "trained on": f"{len(learning.labels)} samples",
    }
    return replace(report, accuracies=shares, facts={**facts, **report.facts})


def main() -> None:
    """Run the whole path, and print and write its report."""
    options = parsed(sys.argv[1:])
    try:
        report = run(options)
        page = write_report(report, options.out)
    except nd.NeurodeployError as error:
        say(f"error: {error.message}")
        say(f"  remedy: {error.remedy}")
        if options.json:
            print(json.dumps({"error": {"message": error.message, "remedy": error.remedy}}))
        raise SystemExit(error.exit_code) from error
    print(report.to_json() if options.json else report.to_text())
    say(f"report: {page}")
    raise SystemExit(report.exit_code)


if __name__ == "__main__":
    main()
