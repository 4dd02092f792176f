"""Every model of the zoo at its published shape: prepared, exported, read back and verified.

Correctness first: the files, both engines and the named simulator give the same values. Then the
fast engine's time is compared with that of the network in floats on the same samples.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import torch
from _common import SCRATCH, seconds
from torch import Tensor, nn

import neurodeploy as nd
import quant
from neurodeploy.simulator.fast import run_fast
from neurodeploy.target import target
from snncore import functional, layer, models

STEPS = 4
# Channels and size of the samples that a model was published for.
IMAGENET = (3, 224, 224)
SHAPES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "CSNN": (models.CSNN, (1, 28, 28)),
    "plif_net cifar10": (lambda: models.plif_net("cifar10"), (3, 32, 32)),
    "plif_net dvs128gesture": (models.plif_net, (2, 128, 128)),
    "spiking_resnet18": (models.spiking_resnet18, IMAGENET),
    "spiking_resnet34": (models.spiking_resnet34, IMAGENET),
    "spiking_resnet50": (models.spiking_resnet50, IMAGENET),
    "spiking_resnet101": (models.spiking_resnet101, IMAGENET),
    "spiking_resnet152": (models.spiking_resnet152, IMAGENET),
    "sew_resnet18": (models.sew_resnet18, IMAGENET),
    "sew_resnet34": (models.sew_resnet34, IMAGENET),
    "sew_resnet50": (models.sew_resnet50, IMAGENET),
    "sew_resnet101": (models.sew_resnet101, IMAGENET),
    "sew_resnet152": (models.sew_resnet152, IMAGENET),
    "spiking_vgg11": (models.spiking_vgg11, IMAGENET),
    "spiking_vgg13": (models.spiking_vgg13, IMAGENET),
    "spiking_vgg16": (models.spiking_vgg16, IMAGENET),
    "spiking_vgg19": (models.spiking_vgg19, IMAGENET),
    "Spikformer-8-512": (models.Spikformer, IMAGENET),
    "QKFormer": (models.QKFormer, IMAGENET),
}
SIMULATORS = {"onnx": "onnxruntime", "lynxi": "interpreter"}


@torch.no_grad()
def lively(make: Callable[[], nn.Module], samples: Tensor) -> nn.Module:
    """Return a model whose batch norms have seen the samples, so that deep layers fire."""
    torch.manual_seed(0)
    network = make()
    for module in network.modules():
        if isinstance(module, layer.BatchNorm):
            module.momentum = 1.0
            module.weight.fill_(2.0)
            module.bias.fill_(0.5)
    network.train()
    network(samples)
    functional.reset(network)
    return network.eval()


def measure(name: str, chip: str, folder: Path) -> None:
    """Print the times of one model on one target."""
    make, shape = SHAPES[name]
    samples = (torch.rand(STEPS, 1, *shape) < 0.3).float()
    network = lively(make, samples)
    weights = sum(each.numel() for each in network.parameters())
    start = _clock()
    prepared = quant.prepare(network, target=chip, example=samples).eval()
    prepared_at = _clock()
    artifact = nd.export(prepared, target=chip, path=folder / chip, example=samples)
    exported_at = _clock()
    report = nd.verify(artifact, model=prepared, samples=samples, simulator=SIMULATORS[chip])
    verified_at = _clock()
    if not report.equal:
        raise SystemExit(report.to_text())
    silent = [each.name for each in report.layers if not each.spikes]
    size = sum(path.stat().st_size for path in Path(artifact.path).iterdir())
    print(
        f"{name}, {chip}: {weights / 1e6:.1f} million weights, {size / 1e6:.0f} MB of files; "
        f"prepare {_between(start, prepared_at)}, export {_between(prepared_at, exported_at)}, "
        f"verify {_between(exported_at, verified_at)}; "
        f"{len(silent)} of {len(report.layers)} silent",
        flush=True,
    )


def _clock() -> tuple[float, float]:
    """Return the time, and the processors' time of this process and of those that it ran."""
    return time.perf_counter(), sum(os.times()[:4])


def _between(start: tuple[float, float], end: tuple[float, float]) -> str:
    """Return both times; the second does not depend on what else the machine does."""
    return f"{end[0] - start[0]:.1f} s ({end[1] - start[1]:.1f} s of processors)"


def compare_engine(name: str) -> None:
    """Print the fast engine's time beside that of the network in floats."""
    make, shape = SHAPES[name]
    samples = (torch.rand(STEPS, 1, *shape) < 0.3).float()
    network = lively(make, samples)
    prepared = quant.prepare(network, target="onnx", example=samples).eval()
    program = nd.lower(prepared, example=samples, target="onnx")
    values = samples.numpy().astype("int64")

    def floats() -> None:
        with torch.no_grad():
            functional.reset(network)
            network(samples)

    ours = seconds(lambda: run_fast(program, values, states=False), 3)
    theirs = seconds(floats, 3)
    print(f"{name}: fast engine {ours:.2f} s, floats {theirs:.2f} s: ratio {theirs / ours:.2f}")


def main() -> None:
    """Measure the models that the command line names, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="models of the list; all without")
    parser.add_argument("--target", choices=list(SIMULATORS), action="append")
    parser.add_argument("--engine", action="store_true", help="compare the fast engine too")
    chosen = parser.parse_args()
    for chip in chosen.target or SIMULATORS:
        simulator = target(chip).simulators.get(SIMULATORS[chip])
        if simulator is None:
            raise SystemExit(f"{chip} has no simulator {SIMULATORS[chip]}")
    for name in chosen.models or SHAPES:
        for chip in chosen.target or SIMULATORS:
            measure(name, chip, SCRATCH / "zoo")
        if chosen.engine:
            compare_engine(name)


if __name__ == "__main__":
    main()
