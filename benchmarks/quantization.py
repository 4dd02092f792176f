"""Accuracy on a chip's integers beside floats, on scikit-learn's digits: trained and fitted."""

from __future__ import annotations

import argparse
from collections import OrderedDict
from statistics import mean

import numpy as np
import torch
from torch import nn

import neurodeploy as nd
import quant
from neurodeploy.demo.digits import Digits, load_digits
from neurodeploy.demo.training import test_accuracy, train
from snncore import layer, neuron

# The format, and how far below floats its accuracy may be: trained on it, and only fitted.
ALLOWED = {
    "int8": (0.003, 0.01),
    "loihi": (0.003, 0.01),
    "lynxi": (0.003, 0.01),
    "int4": (0.015, 1),
}


def network() -> nn.Sequential:
    """Return two convolutions with batch norms, and dense weights."""
    return nn.Sequential(
        OrderedDict(
            conv1=layer.Conv2d(1, 16, 3, padding=1, bias=False),
            bn1=layer.BatchNorm2d(16),
            lif1=neuron.LIF(detach_reset=True),
            conv2=layer.Conv2d(16, 32, 3, stride=2, padding=1, bias=False),
            bn2=layer.BatchNorm2d(32),
            lif2=neuron.LIF(detach_reset=True),
            flatten=layer.Flatten(),
            dense=layer.Linear(512, 10),
            lif3=neuron.LIF(detach_reset=True),
        )
    )


def is_exact(module: nn.Module, digits: Digits) -> bool:
    """Return whether the golden interpreter gives training's spikes for some test samples."""
    samples = digits.test[:, :8]
    program = nd.lower(quant.freeze(module), example=samples)
    golden = nd.simulate(program, samples)
    module.eval()
    with torch.no_grad():
        spikes = module(samples)
    for inner in module.modules():
        if isinstance(inner, neuron.Neuron):
            inner.reset()
    return bool(np.array_equal(golden.output, spikes.numpy().astype(np.uint8)))


def measured(seed: int, epochs: int, tuning: int) -> dict[str, float]:
    """Return the accuracies of one seed."""
    torch.manual_seed(seed)
    digits = load_digits(0)
    floats = network()
    train(floats, digits, epochs, 5e-3, lambda _: None)
    accuracies = {"float": test_accuracy(floats, digits.test, digits.test_labels)}
    for form in ALLOWED:
        fitted = quant.prepare(floats, target=form, example=digits.test)
        quant.calibrate(fitted, digits.train[:, :128], floats)
        assert is_exact(fitted, digits), form
        accuracies[f"{form} fitted"] = test_accuracy(fitted, digits.test, digits.test_labels)
        trained = quant.prepare(floats, target=form, example=digits.test)
        train(trained, digits, tuning, 1e-3, lambda _: None)
        assert is_exact(trained, digits), form
        accuracies[f"{form} trained"] = test_accuracy(trained, digits.test, digits.test_labels)
    return accuracies


def main() -> None:
    """Print the mean accuracies, and fail if they are lower than allowed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--tuning", type=int, default=6)
    options = parser.parse_args()
    runs = [measured(seed, options.epochs, options.tuning) for seed in range(options.seeds)]
    means = {name: mean(run[name] for run in runs) for name in runs[0]}
    for name, value in means.items():
        each = " ".join(f"{run[name]:.4f}" for run in runs)
        print(f"{name:15} {value:.4f} ({means['float'] - value:+.4f} below floats; {each})")
    for form, (trained, fitted) in ALLOWED.items():
        assert means[f"{form} trained"] >= means["float"] - trained, form
        assert means[f"{form} fitted"] >= means["float"] - fitted, form


if __name__ == "__main__":
    main()
