"""The form in which a foreign module is taken: the layer that it becomes, and its call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

# The name of what the layer returns, among the outputs of a call.
OUTPUT = "s"


@dataclass(frozen=True)
class Taken:
    """A foreign module as a layer of ours, and how the foreign one is called."""

    # It takes (T, N, ...), in float32, and computes the same spikes.
    layer: nn.Module
    # The values that a foreign call returns, flattened in order: "s" for what our layer returns
    # (spikes, or an integrator's voltage), or a state's name of ours. More that follow are no part
    # of a network.
    outputs: tuple[str, ...]
    # The axis of time in the foreign call's input (-1: the last), or None if a call is one step.
    time: int | None
    # A sentence for the report, if something was left out or changed.
    note: str = ""
    # Whether the axis of time holds the batch too: (N * T, ...), the steps of a sample together.
    merged: bool = False
    # The number of axes that a sample of a step must have, where its parameters say so.
    axes: int | None = None
    # The decoder that the call applies to all steps: "last", "largest" or "mean".
    decoder: str = ""
    # The number of steps in which the call reads its input, which has no time; 0 for others.
    repeats: int = 0


Taking = Callable[[Any], Taken]


@dataclass(frozen=True)
class Framework:
    """The modules of one framework: those that become ours, and those that cannot."""

    # The class's name -> the function that takes it.
    neurons: Mapping[str, Taking]
    # The class's name -> the reason, and the closest thing.
    refused: Mapping[str, tuple[str, str]]
    layers: Mapping[str, Taking]
