"""Post-training quantization: units and biases chosen on samples, against the float network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from quant.fit.joined import JoinedFitting, fits, mean_sums
from quant.layer.block import Block
from quant.layer.synapse import GridLayer
from quant.neuron.chip_neuron import ChipNeuron
from quant.neuron.integrator import LeakyIntegrator
from snncore import functional, layer, monitor


@dataclass(frozen=True)
class LayerReport:
    """The effect of the grid on one layer."""

    name: str
    # The smallest and the largest exponent of its channels.
    exponents: tuple[int, int]
    # The share of weights beyond the grid's ends, and the relative change of all weights.
    clipped: float
    error: float
    # Spikes per neuron and step, in the float network and on the grid.
    float_rate: float
    rate: float
    deviations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calibration:
    """The result of a calibration, layer by layer."""

    layers: tuple[LayerReport, ...]


Progress = Callable[[str, int, int], None]


@torch.no_grad()
def calibrate(
    network: nn.Module,
    samples: Tensor,
    reference: nn.Module,
    *,
    search: bool = True,
    correct: bool = True,
    progress: Progress | None = None,
) -> Calibration:
    """Fit a prepared network to samples (T, N, ...), layer after layer, and report on each.

    `search` tries the units around those that fit the weights; `correct` moves biases by what
    rounding takes from the mean sums. Each change is kept if spike rates come nearer to the float
    network's. `progress` is called before each layer with its name, how many layers are done, and
    how many there are.

    Raises:
        ValueError: if the samples are invalid, or the networks do not have the same layers.

    Examples:
        >>> report = quant.calibrate(on_chip, x, net)
        >>> [entry.name for entry in report.layers]
        ['1']
    """
    if samples.ndim < 3 or samples.numel() == 0 or not bool(torch.isfinite(samples).all()):
        raise ValueError(f"samples: {tuple(samples.shape)} is not (T, N, ...) of finite numbers")
    if not samples.is_floating_point():
        # Spikes may be bools or bytes, which float layers do not accept.
        samples = samples.to(torch.get_default_dtype())
    training = network.training, reference.training
    network.eval()
    reference.eval()
    try:
        fitting = _Fitting(network, samples, _float_rates(reference, samples))
        layers = [pair for pair in network.named_modules() if _is_fitted(pair[1])]
        for done, (name, module) in enumerate(layers):
            if progress is not None:
                progress(name, done, len(layers))
            fitting.fit(name, module, search, correct)
        return fitting.report()
    finally:
        network.train(training[0])
        reference.train(training[1])


def _is_fitted(module: nn.Module) -> bool:
    """Return whether a module is a block with weights, or neurons that several layers drive."""
    if isinstance(module, Block):
        return isinstance(module.synapse, GridLayer)
    return isinstance(module, ChipNeuron) and bool(module.driven_by)


def _float_rates(reference: nn.Module, samples: Tensor) -> dict[str, Tensor]:
    """Return the mean spikes of every layer of neurons, and the mean sums of all weights."""
    sums: dict[str, Tensor] = {}
    hooks = [
        module.register_forward_hook(
            lambda *called, name=name: sums.update({name: called[-1].float().mean(0)})
        )
        for name, module in reference.named_modules()
        if isinstance(module, layer.Linear | layer.Conv2d)
    ]
    try:
        return sums | _rates(reference, samples)
    except (RuntimeError, IndexError) as error:
        shape = tuple(samples.shape)
        raise ValueError(f"samples: the float network does not take {shape}: {error}") from error
    finally:
        for hook in hooks:
            hook.remove()


def _rates(network: nn.Module, samples: Tensor) -> dict[str, Tensor]:
    """Return the mean spikes of every neuron of every layer, over time, for each sample."""
    functional.reset(network)
    with monitor.record(network) as recording:
        network(samples)
        rates = {name: recording[name]["s"].float().mean(0) for name in recording}
    functional.reset(network)
    return rates


class _Fitting:
    def __init__(self, network: nn.Module, samples: Tensor, targets: dict[str, Tensor]) -> None:
        self.network, self.samples, self.targets = network, samples, targets

    def fit(self, name: str, module: nn.Module, search: bool, correct: bool) -> None:
        """Fit one layer: its unit, and its bias."""
        if isinstance(module, Block) and isinstance(module.synapse, GridLayer):
            if self.lacks(name, module):
                return
            if search:
                self.search(name, module, module.synapse)
            if correct:
                self.correct(name, module, module.synapse)
        elif isinstance(module, ChipNeuron):
            joined = JoinedFitting(self.network, module, partial(self.distance, name))
            if search:
                joined.search()
            if correct:
                joined.correct(lambda: _rates(self.network, self.samples))

    def lacks(self, name: str, block: Block) -> bool:
        """Return whether the float network has no value like a readout's: norms have no name."""
        return isinstance(block.neuron, LeakyIntegrator) and (
            name not in self.targets or block.norm is not None
        )

    def distance(self, name: str) -> float:
        """Return how far the spike rates of a layer are from the float network's."""
        if name not in self.targets:
            raise ValueError(f"{name}: the float network has no neurons of this name")
        rates = _rates(self.network, self.samples)
        rate = rates[name] if name in rates else rates[f"{name}.neuron".lstrip(".")]
        return float((rate - self.targets[name]).abs().mean())

    def search(self, name: str, block: Block, synapse: GridLayer) -> None:
        """Set the unit around the present one whose rates are nearest."""
        log2 = synapse.log2
        now = torch.tensor(float(synapse.exponent)) if log2 is None else torch.round(log2.detach())
        best, least = now, self.distance(name)
        for step in (-2, -1, 1):
            block.set_exponents(now + step)
            if fits(block.neuron, block.unit):
                distance = self.distance(name)
                if distance < least:
                    best, least = now + step, distance
        block.set_exponents(best)

    def correct(self, name: str, block: Block, synapse: GridLayer) -> None:
        """Set a bias that restores what rounding took from the mean sums."""
        before = self.distance(name)
        weight, _ = block.folded()
        assert weight is not None
        lost = self._sums(block, synapse, synapse.quantized(weight).to(weight.dtype) - weight)
        owner = synapse if block.norm is None else block.norm
        created = owner.bias is None
        if created and (block.norm is not None or block.neuron.bias is not None):
            return
        if created:
            synapse.bias = nn.Parameter(torch.zeros_like(lost))
        bias = owner.bias
        assert bias is not None
        original = bias.detach().clone()
        bias.copy_(original - lost)
        if self.distance(name) < before:
            return
        bias.copy_(original)
        if created:
            synapse.bias = None

    def _sums(self, block: Block, synapse: GridLayer, weight: Tensor) -> Tensor:
        """Return the layer's mean weighted input over everything but channels."""
        seen: list[Tensor] = []
        hook = block.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        try:
            _rates(self.network, self.samples)
        finally:
            hook.remove()
        return mean_sums(synapse, seen[0], weight)

    def report(self) -> Calibration:
        """Return the report on every layer in its present state."""
        rates = _rates(self.network, self.samples)
        layers = []
        for path, module in self.network.named_modules():
            if isinstance(module, ChipNeuron):
                name = path if path in self.targets else path.removesuffix("neuron").rstrip(".")
                layers.append(self._layer(name, module, float(rates[path].mean())))
        return Calibration(tuple(layers))

    def _layer(self, name: str, neurons: ChipNeuron, rate: float) -> LayerReport:
        block = self.network.get_submodule(name)
        exponents, clipped, error = (neurons.exponent, neurons.exponent), 0.0, 0.0
        if isinstance(block, Block) and isinstance(block.synapse, GridLayer):
            exponents, clipped, error = _losses(block, block.synapse)
        target = float(self.targets[name].mean()) if name in self.targets else float("nan")
        return LayerReport(name, exponents, clipped, error, target, rate, neurons.deviations)


def _losses(block: Block, synapse: GridLayer) -> tuple[tuple[int, int], float, float]:
    """Return the exponents, the share that clips, and the error relative to the weights."""
    weight, _ = block.folded()
    assert weight is not None
    rounded = synapse.quantized(weight).double()
    unit, ends = synapse.unit, synapse.format.weights
    if isinstance(unit, Tensor):
        unit = unit.reshape(-1, *[1] * (weight.ndim - 1)) if unit.ndim else unit
    counted = weight.double() / unit
    half = ends.step / 2
    beyond = (counted > ends.maximum + half) | (counted < ends.minimum - half)
    size = weight.double().square().sum().clamp(min=2.0**-60)
    error = ((rounded - weight).square().sum() / size).sqrt()
    exponents = torch.log2(torch.as_tensor(unit)).round()
    span = (int(exponents.min()), int(exponents.max()))
    return span, float(beyond.double().mean()), float(error)
