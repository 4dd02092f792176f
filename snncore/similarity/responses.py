"""A network's responses to stimuli, layer by layer."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import torch
from torch import Tensor, nn

from snncore import functional, monitor
from snncore.neuron import Neuron
from snncore.similarity.tables import Table


@torch.no_grad()
def layer_responses(
    network: nn.Module,
    stimuli: Tensor,
    *,
    kinds: type[nn.Module] | tuple[type[nn.Module], ...] = Neuron,
    names: Collection[str] | None = None,
    batch: int = 64,
    over_time: bool = False,
) -> dict[str, Table]:
    """Return the mean response of each layer's units to stimuli (T, N, ...), (N, units) by name.

    Layers are neurons, or those of `kinds` or `names`. With `over_time`, each step's response is a
    unit of its own. The network runs in evaluation, takes sequences, and is left reset.

    Raises:
        ValueError: if there are no stimuli, or a layer has no such name.
    """
    if stimuli.ndim < 3 or 0 in stimuli.shape[:2]:
        raise ValueError(f"similarity.responses: takes (T, N, ...), but got {tuple(stimuli.shape)}")
    training = network.training
    network.eval()
    rows: dict[str, list[Table]] = {}
    try:
        for part in stimuli.split(max(1, batch), 1):
            functional.reset(network)
            with monitor.outputs(network, kinds, names=names) as seen:
                network(part)
            for name, values in seen.items():
                if values:
                    rows.setdefault(name, []).append(_units(values, part.shape[:2], over_time))
    finally:
        functional.reset(network)
        network.train(training)
    return {name: np.concatenate(tables) for name, tables in rows.items()}


def _units(values: list[Tensor], size: tuple[int, ...], over_time: bool) -> Table:
    # A layer within a container that steps is called once a step.
    whole = torch.stack(values) if len(values) == size[0] > 1 else torch.cat(values)
    steps = whole.double().transpose(0, 1)
    means = steps.flatten(1) if over_time else steps.mean(1).flatten(1)
    units: Table = means.cpu().numpy()
    return units
