"""Quantized networks drawn at random: every layer, every geometry, extreme weights and decays."""

from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import quant
from neurodeploy.data.structure import Shape
from snncore import functional, layer

Random = np.random.Generator
Drawn = tuple[nn.Module, Shape]

THRESHOLDS = (0.0, 1 / 64, 0.25, 1.0, 1.5, 3.0)
DECAYS = (0.0, 1 / 4096, 0.1, 0.5, 4095 / 4096, 1.0)
GAINS = (0.5, 1.0, 4.0, 40.0)
RATES = (0.1, 0.5, 1.0)


def neurons(random: Random, exponent: int = -6, bias: int | None = None) -> quant.CubaLIF:
    """Draw neurons of extreme decays, whose thresholds sums often hit exactly."""
    return quant.CubaLIF(
        float(random.choice(THRESHOLDS)) * 2.0 ** (exponent + 6),
        current_decay=float(random.choice(DECAYS)),
        voltage_decay=float(random.choice(DECAYS)),
        bias=bias,
        exponent=exponent,
    )


def _driven(random: Random, make: partial[Any], outputs: int, exponent: int) -> nn.Module:
    """Build weights and neurons, with a bias in a block, in the neurons, or nowhere."""
    bias_owner = random.choice(["block", "neurons", "none"])
    if bias_owner == "block":
        return quant.Block(make(bias=True, exponent=exponent), neurons(random, exponent))
    bias = outputs if bias_owner == "neurons" else None
    return nn.Sequential(make(exponent=exponent), neurons(random, exponent, bias))


def dense(random: Random) -> Drawn:
    """Draw one to three layers in one of several units."""
    widths = [int(n) for n in random.integers(1, 12, int(random.integers(2, 5)))]
    exponent = int(random.choice([-9, -6, -4, 0]))
    pairs = list(pairwise(widths))
    layers = [_driven(random, partial(quant.Linear, *pair), pair[1], exponent) for pair in pairs]
    return nn.Sequential(*layers), (widths[0],)


def conv(random: Random) -> Drawn:
    """Draw two convolutions of any geometry."""
    shape = (2 * int(random.integers(1, 3)), 7, 6)
    channels, layers = shape[0], []
    for groups in (int(random.choice([1, 2])), 1):
        outputs = groups * int(random.integers(1, 3))
        kernel, stride, padding, dilation = (
            (int(random.integers(low, high)), int(random.integers(low, high)))
            for low, high in ((1, 4), (1, 3), (2, 4), (1, 3))
        )
        geometry = (kernel, stride, padding, dilation, groups)
        make = partial(quant.Conv2d, channels, outputs, *geometry)
        layers.append(_driven(random, make, outputs, -6))
        channels = outputs
    return nn.Sequential(*layers), shape


def pools(random: Random) -> Drawn:
    """Draw a pool with its own neurons, and pools that fold into dense weights and kernels."""
    stride = int(random.integers(1, 3))
    image = nn.Sequential(
        quant.Block(quant.Conv2d(1, 3, 3, bias=True), neurons(random)),
        quant.Block(quant.SumPool2d(2, stride, weight=0.5), neurons(random)),
        quant.SumPool2d(2, 1),
        quant.Conv2d(3, 2, (2, 1), groups=1),
        neurons(random, bias=2),
        quant.SumPool2d((2, 1), (1, 1)),
        layer.Flatten(),
    )
    shape = (1, 11, 8)
    width = image(torch.zeros(1, 1, *shape)).shape[-1]
    functional.reset(image)
    return nn.Sequential(*image, quant.Linear(width, 4), neurons(random, bias=4)), shape


class Branches(nn.Module):
    """Skipped layers, sums of spikes and of weights, a pool behind a sum, both flattens."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self.first = quant.Block(quant.Conv2d(2, 4, 3, padding=1, bias=True), neurons(random))
        self.inner = nn.Sequential(quant.Conv2d(4, 4, 3, padding=1), neurons(random))
        self.pool = quant.SumPool2d(2)
        self.dense = quant.Linear(4 * 3 * 3, 5)
        self.direct = quant.Linear(2 * 6 * 6, 5)
        self.last = neurons(random)

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        a = self.first(x)
        b = a + self.inner(a)
        return self.last(self.dense(self.pool(b).flatten(2)) + self.direct(torch.flatten(x, 2)))


def branches(random: Random) -> Drawn:
    """Draw a network that branches."""
    return Branches(random), (2, 6, 6)


KINDS = {"dense": dense, "conv": conv, "pools": pools, "branches": branches}


def drawn_network(kind: str, seed: int) -> Drawn:
    """Draw a network of one kind, with weights that clip and biases that count."""
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    network, shape = KINDS[kind](random)
    gain = float(random.choice(GAINS))
    with torch.no_grad():
        for module in network.modules():
            if hasattr(module, "exponent"):
                unit = 2.0 ** (module.exponent + 6)
                for name, parameter in module.named_parameters(recurse=False):
                    if name == "bias":
                        parameter.uniform_(-0.5 * unit, 0.8 * unit)
                    else:
                        parameter.mul_(gain * unit)
    return network.eval(), shape


def random_network(seed: int) -> Drawn:
    """Return the network of this seed, of any kind."""
    return drawn_network(list(KINDS)[seed % len(KINDS)], seed)


def random_spikes(shape: Shape, seed: int, steps: int, count: int) -> Tensor:
    """Return spikes for a network, (T, N, ...)."""
    random = np.random.default_rng(seed)
    return torch.from_numpy(random.random((steps, count, *shape)) < random.choice(RATES)).float()
