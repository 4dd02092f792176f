"""Accuracy of converted residual networks over steps and ways to scale them, on digits.

Usage: python benchmarks/ann2snn.py [--deep]

A network of three residual blocks; with --deep a ResNet-18 of width 8, which takes two minutes.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import torch
from torch import nn

from snncore import ann2snn, data, decoding, encoding, functional, models
from tests.unit.snncore.ann2snn.networks import ResNet, accuracy, train

STEPS = (2, 4, 8, 16, 32)
WAYS: dict[str, dict[str, Any]] = {
    "`Balanced(8)`": {"scaling": ann2snn.Balanced(8)},
    "`LeastSquares(8)`": {"scaling": ann2snn.LeastSquares(8)},
    "`Percentile(99.9)`": {"scaling": ann2snn.Percentile(99.9)},
    "`Percentile(99.9)`, one threshold a layer": {
        "scaling": ann2snn.Percentile(99.9),
        "channelwise": False,
    },
    "`Largest()`, not half charged": {"scaling": ann2snn.Largest(), "half_charged": False},
}


@torch.no_grad()
def row(name: str, network: nn.Module, images: data.Images, skipped: float = 0.0) -> str:
    """Return accuracies in per cent by steps, without the skipped share of the steps."""
    functional.reset(network)
    outputs = network(encoding.direct(images.test, max(STEPS)))
    means = [decoding.rate(outputs[:steps], int(skipped * steps)) for steps in STEPS]
    percentages = (100 * accuracy(mean, images) for mean in means)
    return f"| {name} | " + " | ".join(f"{value:.1f}" for value in percentages) + " |"


def began(network: nn.Module, images: data.Images, name: str = "ANN") -> None:
    """Print the network's accuracy."""
    with torch.no_grad():
        print(f"{name} {100 * accuracy(network(images.test), images):.1f} %", flush=True)


def deep() -> None:
    """Convert a ResNet-18, with and without training on levels, and with skipped steps."""
    torch.manual_seed(0)
    relu: Any = lambda **_: nn.ReLU()  # noqa: E731
    make = partial(models.spiking_resnet18, 10, width=8, channels=1, small_images=True)
    images, network = data.digits(), make(neuron=relu)
    functional.set_step_mode(network, "s")
    train(network, images, 8, 5e-3)
    began(network, images)
    fine = ann2snn.with_qcfs(network, 8, 2.0)
    train(fine, images, 8, 5e-3)
    began(fine, images, "trained on 8 levels")
    print("| T | " + " | ".join(map(str, STEPS)) + " |\n|" + "---|" * (len(STEPS) + 1))
    for name, source in (("`LeastSquares(8)`", network), ("QCFS of 8 levels, trained", fine)):
        spiking = ann2snn.convert(source, images.train[:256])
        print(row(name, spiking, images))
        print(row(f"{name}, without the first three quarters", spiking, images, 0.75))


def main() -> None:
    """Train once, convert in every way."""
    if "--deep" in sys.argv:
        deep()
        return
    torch.manual_seed(0)
    images, network = data.digits(), ResNet(16)
    train(network, images, 12, 1e-2)
    began(network, images)
    print("| T | " + " | ".join(map(str, STEPS)) + " |\n|" + "---|" * (len(STEPS) + 1))
    for name, options in WAYS.items():
        spiking = ann2snn.convert(network, images.train[:256], **options)
        print(row(name, spiking, images))
        if name == "`LeastSquares(8)`":
            print(row(f"{name}, 8-bit integers", ann2snn.to_integers(spiking), images))
    fine = ann2snn.with_qcfs(network, 4, 2.0)
    train(fine, images, 6, 3e-3)
    print(row("QCFS of 4 levels, trained", ann2snn.convert(fine, images.train[:64]), images))


if __name__ == "__main__":
    main()
