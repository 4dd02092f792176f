"""The activation that a spiking neuron computes exactly in a number of steps."""

from __future__ import annotations

import torch
from torch import Tensor, fx, nn

from snncore.ann2snn.trace import replace, traced

_SMALLEST = 1e-3


class QCFS(nn.Module):
    """Quantization, clip, floor, shift: threshold * clip(floor(x L / threshold + 1/2) / L, 0, 1).

    The threshold is learned.
    """

    def __init__(self, levels: int = 8, threshold: float = 4.0) -> None:
        super().__init__()
        if levels < 1:
            raise ValueError(f"QCFS.levels: {levels} is not positive")
        self.levels = int(levels)
        self.threshold = nn.Parameter(torch.tensor(float(threshold)))

    def forward(self, x: Tensor) -> Tensor:
        """Round to levels, with the gradient of a clip."""
        threshold = self.threshold.clamp(min=_SMALLEST)
        scaled = torch.clamp(x / threshold, 0, 1)
        # Straight through the floor.
        rounded = scaled + (torch.floor(scaled * self.levels + 0.5) / self.levels - scaled).detach()
        return rounded * threshold

    def extra_repr(self) -> str:
        """Return the text between the brackets of the printed module."""
        return f"levels={self.levels}"


def with_qcfs(ann: nn.Module, levels: int = 8, threshold: float = 4.0) -> fx.GraphModule:
    """Copy the network with QCFS for every ReLU, to continue training before the conversion.

    Raises:
        ValueError: if the network cannot be traced.
    """
    network = traced(ann)
    for node in network.graph.nodes:
        if node.op == "call_module" and isinstance(
            network.get_submodule(node.target), nn.ReLU | nn.ReLU6
        ):
            replace(network, node, QCFS(levels, threshold))
    network.recompile()
    return network
