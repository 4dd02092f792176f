"""The form in which a foreign module is taken: the layer that it becomes, and its call."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

# The name of the spikes among the outputs of a call.
SPIKES = "s"


@dataclass(frozen=True)
class Taken:
    """A foreign module as a layer of ours, and how the foreign one is called."""

    # It takes (T, N, ...), in float32, and computes the same spikes.
    layer: nn.Module
    # The values that a foreign call returns, flattened in order: "s", or a state's name of ours.
    outputs: tuple[str, ...]
    # The axis of time in the foreign call's input, or None if a call is one step.
    time: int | None
    # A sentence for the report, if something was left out or changed.
    note: str = ""
    # Whether the axis of time holds the batch too: (N * T, ...), the steps of a sample together.
    merged: bool = False
