"""The accuracy of a float model under faults of analog and damaged hardware."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodeploy.flow.sweeping.sweep import decisions, inputs_of

if TYPE_CHECKING:
    from torch import Tensor

    from snncore.faults import FaultSweep


def faulty(model: Path, samples: Path, seeds: int, source: Mapping[str, Any]) -> FaultSweep:
    """Return the accuracy of a model under each kind of fault, for each strength and seed.

    It counts the labels, or the model's own decisions without faults where there are none;
    `source` has what else reads the model: build, dt and profile.

    Raises:
        ModelFileError: if the model cannot be read.
        SamplesError: if the samples cannot be read.
    """
    import torch

    from neurodeploy.frontend import graph_of
    from snncore import faults

    network, values, labels = inputs_of(model, samples, source)
    labels = decisions(network, values) if labels is None else labels
    summed = graph_of(network, example=values).readout.over_time

    def decide(outputs: Tensor) -> Tensor:
        return (outputs if summed else outputs.sum(0)).flatten(1).argmax(1)

    inputs = torch.from_numpy(values.astype("float32"))
    targets = torch.from_numpy(labels.astype("int64"))
    return faults.sweep(network, inputs, targets, seeds=seeds, decide=decide)
