"""Seeded networks of real quant layers, lowered, so that training's own forward is in the chain."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import neurodeploy as nd
import quant
from snncore import layer
from tests.conformance.networks import Case

EXPONENTS = (-8, -6, -5, -2)
DECAYS = (0.0, 1 / 4096, 0.1, 0.5, 0.999, 1.0)
LARGEST_THRESHOLD = (1 << 17) - 1


def trained_case(seed: int) -> Case:
    """Return a network of blocks of this seed, its program, and samples."""
    build = _Network(np.random.default_rng(seed))
    network = build.modules()
    samples = build.samples
    program = nd.lower(network, example=torch.from_numpy(samples).float(), target="loihi")
    return Case(f"trained {seed}", program, samples, network)


class _Network:
    """Blocks whose thresholds fit their drive."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        image = rng.random() < 0.7
        shape = (2, int(rng.integers(5, 10)), int(rng.integers(5, 10))) if image else (17,)
        size = (int(rng.choice([1, 5, 16, 40])), int(rng.integers(1, 5)), *shape)
        active = rng.random(size) < float(rng.choice([0.1, 0.4, 1.0]))
        self.samples: NDArray[np.int64] = active.astype(np.int64)
        self.values = torch.from_numpy(self.samples).float()
        self.image = image
        self.pooled = False

    def modules(self) -> nn.Sequential:
        """Build the network and run it layer by layer."""
        rng, layers = self.rng, []
        if self.image:
            layers.append(self._convolution())
            if rng.random() < 0.6:
                layers.append(self._pool())
            if rng.random() < 0.6:
                layers.append(self._convolution())
            layers.append(layer.Flatten())
            self.values = self.values.flatten(2)
        for _ in range(int(rng.integers(1, 4))):
            layers.append(self._linear())
        return nn.Sequential(*layers)

    def _convolution(self) -> quant.Block:
        rng, (channels, height, width) = self.rng, self.values.shape[2:]
        exponent = int(rng.choice(EXPONENTS))
        # A pool folded into the convolution has no neurons that could stand for its padding.
        most = 1 if self.pooled else 3
        synapse = quant.Conv2d(
            channels,
            2 * int(rng.integers(1, 4)),
            (int(rng.integers(1, min(3, height) + 1)), int(rng.integers(1, min(3, width) + 1))),
            stride=(int(rng.integers(1, 3)), 1),
            padding=(int(rng.integers(most)), int(rng.integers(most))),
            groups=int(rng.choice([1, 2])),
            bias=bool(rng.random() < 0.5),
            exponent=exponent,
        )
        return self._block(synapse, exponent)

    def _linear(self) -> quant.Block:
        rng, exponent = self.rng, int(self.rng.choice(EXPONENTS))
        sizes = (self.values.shape[2], int(rng.integers(1, 24)))
        synapse = quant.Linear(*sizes, bias=bool(rng.random() < 0.5), exponent=exponent)
        return self._block(synapse, exponent)

    def _pool(self) -> Any:
        """Return a pool with its own neurons, or one that folds into the next layer."""
        kernel = (min(2, self.values.shape[3]), min(2, self.values.shape[4]))
        if self.rng.random() < 0.4 and min(self.values.shape[3:]) > 4:
            pool = quant.SumPool2d(kernel)
            self.values, self.pooled = pool(self.values), True
            return pool
        exponent = -6
        return self._block(quant.SumPool2d(kernel, weight=0.5, exponent=exponent), exponent)

    def _block(self, synapse: Any, exponent: int) -> quant.Block:
        rng, unit = self.rng, 2.0**exponent
        with torch.no_grad():
            if getattr(synapse, "weight", None) is not None:
                drawn = rng.normal(10, 40, synapse.weight.shape) * unit
                synapse.weight.copy_(torch.from_numpy(drawn))
            if synapse.bias is not None:
                drawn = rng.normal(0, 60, synapse.bias.shape) * unit
                synapse.bias.copy_(torch.from_numpy(drawn))
            decays = [float(rng.choice(DECAYS)) for _ in range(2)]
            synapse.in_block = True
            reached = _voltages(synapse, self.values, *decays)
            positive = reached[reached > 0].numpy()
            level = np.quantile(positive, rng.uniform(0.2, 0.8)) if positive.size else unit
            neuron = quant.CubaLIF(
                min(float(level), LARGEST_THRESHOLD * unit),
                current_decay=decays[0],
                voltage_decay=decays[1],
                exponent=exponent,
            )
            block = quant.Block(synapse, neuron)
            self.values = block(self.values)
            return block


def _voltages(synapse: Any, spikes: Tensor, current_decay: float, voltage_decay: float) -> Tensor:
    """Return roughly the voltages of neurons without a threshold."""
    current = voltage = torch.zeros(())
    bias = torch.zeros(()) if synapse.bias is None else synapse.bias
    rows = []
    for x in synapse(spikes):
        shaped = bias.reshape(-1, *[1] * (x.ndim - 2)) if bias.ndim else bias
        current = (1 - current_decay) * current + x
        voltage = (1 - voltage_decay) * voltage + current + shaped
        rows.append(voltage)
    return torch.stack([row.expand_as(rows[-1]) for row in rows])
