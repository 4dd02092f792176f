"""Networks in any format drawn at random: every neuron, reset, scale and layer that it has."""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import quant
from neurodeploy.data.structure import Shape
from snncore import functional, layer
from tests.unit.own_neuron import Tiring

Random = np.random.Generator
FORMATS = ("loihi", "lynxi", "shift16", "int2", "int3", "int4", "int8", "int11", "int16")
_DECAYS = (0.0, 1 / 256, 0.1, 0.25, 0.5, 0.9, 1.0)
# By kind of neuron: its parameters that are numbers.
_NUMBERS = {
    "IF": (),
    "LIF": ("decay",),
    "CubaLIF": ("current_decay", "voltage_decay"),
    "Defined": ("decay", "forget"),
}
_GAINS = (0.5, 1.0, 3.0, 30.0)


class Drawing:
    """A random network of one format in the making."""

    def __init__(self, form: str, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        torch.manual_seed(seed)
        self.form = quant.chip_format(form)
        self.exponent = self.form.exponent + int(self.random.integers(-2, 3))
        self.gain = float(self.random.choice(_GAINS))

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def options(self, outputs: int, block: bool) -> dict[str, Any]:
        """Return the arguments of a layer of weights."""
        options: dict[str, Any] = {"format": self.form, "exponent": self.exponent}
        if block:
            options["bias"] = self.chance(0.4)
            options["scale"] = "learned" if self.chance(0.4) else "fixed"
            options["per_channel"] = self.form.per_channel and self.chance(0.4)
        return options

    def neurons(self, outputs: int, bias: bool) -> quant.ChipNeuron:
        """Return neurons of any kind, fixed or learned, with one value or one a channel."""
        # Readouts end networks, and these neurons stand anywhere.
        kinds = [kind for kind in self.form.neurons if kind != "LeakyIntegrator"]
        kind = str(self.random.choice(kinds))
        options: dict[str, Any] = {"format": self.form, "exponent": self.exponent}
        options["bias"] = outputs if bias else None
        unit, top = 2.0**self.exponent, min(40, self.form.thresholds.maximum)
        low = max(self.form.thresholds.minimum, 1)
        names = _NUMBERS[kind]
        values: dict[str, Any] = {
            name: self.value(outputs, lambda: float(self.random.choice(_DECAYS))) for name in names
        }
        values["threshold"] = self.value(
            outputs, lambda: unit * float(self.random.integers(low, top + 1))
        )
        if kind == "Defined":
            options["equations"] = Tiring.equations
            values["jump"] = unit * float(self.random.integers(-3, 9))
        elif kind != "CubaLIF":
            options["reset"] = str(self.random.choice(self.form.resets))
            options["detach_reset"] = self.chance(0.5)
            if options["reset"] == "hard" and self.chance(0.5):
                values["rest"] = unit * float(self.random.integers(-9, 6))
        options["learnable"] = tuple(name for name in values if self.chance(0.3))
        neurons: quant.ChipNeuron = getattr(quant, kind)(**values, **options)
        return neurons

    def value(self, outputs: int, one: Any) -> Any:
        """Return one value, or one a channel."""
        return torch.tensor([one() for _ in range(outputs)]) if self.chance(0.3) else one()

    def driven(self, kind: Any, outputs: int, *args: Any, norm: Any = None) -> nn.Module:
        """Return weights and neurons: a block, or two layers."""
        if self.chance(0.7):
            options = self.options(outputs, True)
            synapse = kind(*args, **options)
            neurons = self.neurons(outputs, not options["bias"] and self.chance(0.3))
            after = norm(outputs) if norm is not None and self.chance(0.5) else None
            return quant.Block(synapse, neurons, norm=after)
        synapse = kind(*args, **self.options(outputs, False))
        return nn.Sequential(synapse, self.neurons(outputs, self.chance(0.4)))

    def pool(self) -> nn.Module:
        """Return a pool of spikes."""
        if self.chance(0.5):
            return layer.MaxPool2d(2, int(self.random.integers(1, 3)))
        pool = quant.SumPool2d(
            2,
            weight=self.form.weights.step * 2.0**self.exponent,
            exponent=self.exponent,
            format=self.form,
        )
        return quant.Block(pool, self.neurons(self.channels, self.chance(0.3)))

    def image(self) -> tuple[nn.Module, Shape]:
        """Return two convolutions, a pool, and dense weights behind a flatten."""
        random = self.random
        shape = (int(random.integers(1, 3)), 7, 6)
        layers: list[nn.Module] = []
        before = shape[0]
        for number in range(2):
            self.channels = int(random.integers(1, 4))
            geometry = (int(random.integers(1, 4)), int(random.integers(1, 3)), 1)
            args = (before, self.channels, *geometry)
            layers.append(self.driven(quant.Conv2d, self.channels, *args, norm=layer.BatchNorm2d))
            if number == 0:
                layers.append(self.pool())
            before = self.channels
        layers.append(layer.Flatten())
        head = nn.Sequential(*layers)
        width = head(torch.zeros(1, 1, *shape)).shape[-1]
        functional.reset(head)
        return nn.Sequential(*layers, self.driven(quant.Linear, 4, width, 4)), shape

    def dense(self) -> tuple[nn.Module, Shape]:
        """Return one to three layers."""
        widths = [int(n) for n in self.random.integers(1, 12, int(self.random.integers(2, 5)))]
        layers = [
            self.driven(quant.Linear, after, before, after, norm=layer.BatchNorm1d)
            for before, after in pairwise(widths)
        ]
        return nn.Sequential(*layers), (widths[0],)

    def residual(self) -> tuple[nn.Module, Shape]:
        """Return spikes and sums that are added."""
        return Sum(self), (5,)


class Sum(nn.Module):
    """Spikes of two layers added, and two layers of weights into the same neurons."""

    def __init__(self, drawing: Drawing) -> None:
        super().__init__()
        plain = {"format": drawing.form, "exponent": drawing.exponent}
        self.first = drawing.driven(quant.Linear, 6, 5, 6)
        self.second = drawing.driven(quant.Linear, 6, 6, 6)
        self.left, self.right = quant.Linear(6, 3, **plain), quant.Linear(5, 3, **plain)
        self.last = drawing.neurons(3, True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes."""
        a = self.first(x)
        spikes: Tensor = self.last(self.left(a + self.second(a)) + self.right(x))
        return spikes


def drawn_network(form: str, seed: int) -> tuple[nn.Module, Shape]:
    """Return the network of this format and seed, with weights that clip and norms that matter."""
    drawing = Drawing(form, seed)
    kind = (drawing.dense, drawing.image, drawing.residual)[seed % 3]
    network, shape = kind()
    unit = 2.0**drawing.exponent
    top = min(drawing.form.weights.maximum, 64)
    with torch.no_grad():
        for name, value in network.named_parameters():
            last = name.rsplit(".", 1)[-1]
            if last == "weight" and value.ndim > 1:
                value.normal_(0.15 * drawing.gain * top * unit, drawing.gain * top * unit)
            elif last == "bias":
                value.uniform_(-6 * unit, 9 * unit)
            elif last == "weight":
                value.uniform_(0.5, 1.5)
            elif last == "log2":
                value.add_(torch.rand_like(value) * 2 - 1)
        for module in network.modules():
            if isinstance(module, layer.BatchNorm):
                module.running_mean.normal_(0, 2 * unit)
                module.running_var.uniform_(0.5, 2.0)
    return network.eval(), shape


def drawn_spikes(shape: Shape, seed: int) -> Tensor:
    """Return spikes (T, N, ...) for a network."""
    random = np.random.default_rng(seed + 7)
    steps, count = (1, 5, 12)[seed % 3], (1, 2)[seed % 2]
    rate = float(random.choice([0.1, 0.4, 0.9]))
    return torch.from_numpy(random.random((steps, count, *shape)) < rate).float()
