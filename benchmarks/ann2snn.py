"""Accuracy of a converted residual network over steps and ways to scale it, on digits.

Usage: python benchmarks/ann2snn.py
"""

from __future__ import annotations

from typing import Any

import torch

from snncore import ann2snn, data, encoding, functional
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
def row(name: str, network: torch.nn.Module, images: data.Images) -> str:
    """Accuracies in per cent by steps."""
    functional.reset(network)
    outputs = network(encoding.direct(images.test, max(STEPS)))
    found = (100 * accuracy(outputs[:steps].mean(0), images) for steps in STEPS)
    return f"| {name} | " + " | ".join(f"{value:.1f}" for value in found) + " |"


def main() -> None:
    """Train once, convert in every way."""
    torch.manual_seed(0)
    images, network = data.digits(), ResNet(16)
    train(network, images, 12, 1e-2)
    with torch.no_grad():
        print(f"ANN {100 * accuracy(network(images.test), images):.1f} %")
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
