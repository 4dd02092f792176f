"""Prepare a network for Lynxi's KA200: certificate, reduced modules, package and proof.

Usage: python examples/reduced_modules.py [OUT]
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

import neurodeploy as nd
import quant
from neurodeploy.target import target
from snncore import layer
from targets import lynxi

STEPS = 8


def main() -> None:
    """Reduce, export, verify."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "example-output")
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        quant.Block(
            quant.Conv2d(1, 8, 3, padding=1, bias=True, format="lynxi"),
            # v - (v >> 2) + x, and back to -1/8 after a spike.
            quant.LIF(threshold=0.5, decay=0.25, rest=-0.125, format="lynxi"),
        ),
        layer.MaxPool2d(2),
        layer.Flatten(),
        quant.Block(
            quant.Linear(8 * 16, 4, format="lynxi"),
            quant.IF(threshold=0.125, reset="soft", format="lynxi"),
        ),
    )
    spikes = (torch.rand(STEPS, 6, 1, 8, 8) < 0.4).float()
    trained = net(spikes)
    program = nd.lower(net, example=spikes)
    for finding in target("lynxi").check(program):
        print(f"{finding.severity}: {finding}")

    modules = lynxi.reduce(net, STEPS)
    print(modules)
    with torch.no_grad():
        # Time and batch share one axis, with the rows of a step together.
        reduced = modules(spikes.flatten(0, 1).half()).reshape(trained.shape)
    print(f"{int(trained.sum())} spikes, {int((reduced != trained).sum())} differ in float16")

    artifact = nd.export(net, target="lynxi", path=out / "lynxi", example=spikes)
    print(", ".join(sorted(artifact.files)))
    for simulator in ("interpreter", "torchscript-step"):
        report = nd.verify(artifact, model=net, samples=spikes, simulator=simulator)
        print(report.to_text())
        if not report.equal:
            raise SystemExit(report.exit_code)


if __name__ == "__main__":
    main()
