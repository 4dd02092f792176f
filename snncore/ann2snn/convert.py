"""The conversion: batch norms folded, thresholds chosen, scales folded into the next weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx, nn

from snncore.ann2snn.activation import QCFS
from snncore.ann2snn.build import Builder
from snncore.ann2snn.drive import driven
from snncore.ann2snn.fusion import fold_norms
from snncore.ann2snn.neuron import drop_of
from snncore.ann2snn.scaling import LeastSquares, Scaling
from snncore.ann2snn.trace import Values, traced

ACTIVATIONS = (nn.ReLU, nn.ReLU6, QCFS)
# Values kept of each channel to choose its threshold from.
_MOST = 1 << 15


def convert(
    ann: nn.Module,
    samples: Tensor,
    *,
    scaling: Scaling | None = None,
    channelwise: bool = True,
    half_charged: bool = True,
    steps: int | None = None,
    pool_currents: bool = True,
) -> fx.GraphModule:
    """Convert a trained network to a spiking network whose firing rates are its activations.

    It takes (T, N, ...), say `encoding.direct(x, steps)`, and the mean of its output over time
    approaches the network's; of a network that ends in a ReLU it is spikes. `samples` (N, ...) show
    how large activations get. Each ReLU becomes a `RateIF` with a soft reset; `half_charged` makes
    it fire at half its drop, which is the optimal initial membrane. With `steps`, that half comes
    as a bias over so many steps, and neurons are `neuron.IF(reset="soft")`, which `quant.prepare`
    knows. A max pool behind a ReLU works on the currents before the neurons, unless
    `pool_currents` is false, where it works on spikes.

    Raises:
        ValueError: if a layer or an operation has no spiking counterpart.
    """
    if steps is not None and steps < 1:
        raise ValueError(f"ann2snn.convert: {steps} steps")
    network = prepared(ann)
    thresholds = _thresholds(network, samples, scaling or LeastSquares(), channelwise)
    at_once = half_charged and steps is None
    converted = Builder(network, samples, thresholds, at_once, pool_currents).build()
    if half_charged and steps is not None:
        _charge(converted, steps)
    return converted


@torch.no_grad()
def _charge(network: fx.GraphModule, steps: int) -> None:
    """Give neurons half of their drop as a bias over the steps."""
    for group, neuron in driven(network):
        if neuron is None:
            continue
        charge = drop_of(neuron) / (2 * steps)
        bias = group[0].bias
        if len(charge) != len(group[0].weight):
            raise ValueError("ann2snn.convert: no layer drives these neurons (leave out steps)")
        group[0].bias = nn.Parameter(charge if bias is None else bias + charge)


def prepared(ann: nn.Module) -> fx.GraphModule:
    """Trace the network in evaluation mode, without batch norms."""
    network = traced(ann).eval()
    fold_norms(network)
    return network


def activations(network: fx.GraphModule) -> list[fx.Node]:
    """List the nodes that become neurons, in order."""
    return [
        node
        for node in network.graph.nodes
        if node.op == "call_module" and isinstance(network.get_submodule(node.target), ACTIVATIONS)
    ]


def _thresholds(
    network: fx.GraphModule, samples: Tensor, scaling: Scaling, channelwise: bool
) -> dict[str, Tensor]:
    values = Values(network).of(samples)
    thresholds = {}
    for node in activations(network):
        module: Any = network.get_submodule(str(node.target))
        activation = values[node.name]
        rows = activation.transpose(0, 1).flatten(1)
        if isinstance(module, QCFS):
            learned = module.threshold.detach().clamp(min=1e-3)
            thresholds[node.name] = learned.repeat(len(rows))
            continue
        # Spikes that leave the network are compared with one another.
        alike = not channelwise or any(user.op == "output" for user in node.users)
        rows = rows.reshape(1, -1) if alike else rows
        levels = scaling.thresholds(_some(rows))
        if isinstance(module, nn.ReLU6):
            levels = levels.clamp(max=6.0)
        # A channel that was never active has no size of its own.
        levels = torch.where(levels > 1e-5, levels, levels.amax().clamp(min=1e-5))
        thresholds[node.name] = levels.expand(activation.shape[1]).contiguous()
    return thresholds


def _some(rows: Tensor) -> Tensor:
    if rows.shape[1] <= _MOST:
        return rows
    generator = torch.Generator(rows.device).manual_seed(0)
    chosen = torch.randperm(rows.shape[1], generator=generator, device=rows.device)[:_MOST]
    return rows[:, chosen]
