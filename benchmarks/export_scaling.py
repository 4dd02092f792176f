"""Export time against the number of weights: linear if the time for each stays the same."""

from __future__ import annotations

import torch
from _common import SCRATCH, seconds
from torch import nn

import neurodeploy as nd
import quant


def main() -> None:
    """Print the time for dense networks that grow by four."""
    for width in (256, 512, 1024, 2048):
        torch.manual_seed(0)
        network = nn.Sequential(
            quant.Block(quant.Linear(width, width), quant.CubaLIF()),
            quant.Block(quant.Linear(width, width), quant.CubaLIF()),
        )
        example = torch.zeros(1, 1, width)

        def export(network: nn.Module = network, example: torch.Tensor = example) -> object:
            return nd.export(network, target="loihi", path=SCRATCH / "scale", example=example)

        taken = seconds(export, rounds=3)
        weights = 2 * width * width
        rate = taken / weights * 1e9
        print(f"export, {weights:>9,} weights: {taken * 1e3:7.1f} ms, {rate:5.1f} ns a weight")


if __name__ == "__main__":
    main()
