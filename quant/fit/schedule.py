"""The schedule of training: when units are fitted again and batch norms stop learning."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from quant.grid.scale import Scale, best_exponents, fitting_log2
from quant.layer.block import Block
from quant.layer.synapse import GridLayer
from quant.neuron.chip_neuron import ChipNeuron


@torch.no_grad()
def fit_units(network: nn.Module, *, percentile: float | None = None) -> None:
    """Give every block the unit that fits its present weights, with batch norms folded in.

    With a percentile, that percentage of the weights lies within the grid; without one, the unit is
    the one that loses least by rounding and clipping.

    Raises:
        ValueError: if a layer's threshold leaves no unit; names the layer.
    """
    for name, block in network.named_modules():
        if not (isinstance(block, Block) and isinstance(block.synapse, GridLayer)):
            continue
        synapse, (weight, _) = block.synapse, block.folded()
        assert weight is not None
        channels = synapse.per_channel
        if percentile is None:
            threshold = torch.as_tensor(block.neuron.reach).detach().cpu()
            exponents = best_exponents(
                weight.cpu(),
                synapse.format,
                threshold,
                per_channel=channels,
                name=name,
                inputs=synapse.largest_input,
            )
        else:
            exponents = fitting_log2(
                weight, synapse.format.weights, per_channel=channels, percentile=percentile
            )
            if synapse.scale != Scale.LEARNED:
                exponents = torch.ceil(exponents)
        block.set_exponents(exponents)


def freeze_norms(network: nn.Module, frozen: bool = True) -> None:
    """Freeze batch norms at their running statistics, as the chip will use them."""
    for block in network.modules():
        if isinstance(block, Block) and block.norm is not None:
            block.norm.frozen = frozen


class Schedule:
    """A schedule to call per batch; it fits units after `settle`, freezes norms at `freeze`."""

    def __init__(self, network: nn.Module, *, settle: int, freeze: int) -> None:
        if not 0 <= settle <= freeze:
            raise ValueError(f"Schedule: settles after {settle} batches and freezes after {freeze}")
        self.network, self.settle, self.freeze, self.batches = network, settle, freeze, 0

    def step(self) -> None:
        """Count another batch."""
        self.batches += 1
        if self.batches == self.settle:
            fit_units(self.network)
        if self.batches == self.freeze:
            freeze_norms(self.network)


def learned_parameters(network: nn.Module) -> list[Tensor]:
    """Return the learned units, thresholds and decays, which need a smaller rate than weights."""
    values = []
    for module in network.modules():
        names = module.learnable if isinstance(module, ChipNeuron) else ("log2",)
        values += [getattr(module, name, None) for name in names]
    return [value for value in values if isinstance(value, Parameter) and value.requires_grad]
