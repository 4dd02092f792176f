"""Links: two compared stages (equal, silent, differing or not run) and the first divergence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from neurodeploy.trace import LayerTrace


class Status(StrEnum):
    """The status of a link; only `EQUAL` counts as proof."""

    EQUAL = "equal"
    DIFFERS = "differs"
    # Every value was equal but no neuron fired, so nothing was shown.
    SILENT = "silent"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Divergence:
    """The first value that differs: its location, both values, and the states around it."""

    layer: str
    # "s" for a spike, else the name of the state.
    state: str
    # The neuron's index within its layer, as in the layer's shape.
    neuron: tuple[int, ...]
    step: int
    sample: int
    # Integers, unless a network is in floats or a simulator returned a fraction.
    expected: float
    got: float
    # By side ("expected", "got") and state: values of this neuron around `step`.
    context: Mapping[str, Mapping[str, tuple[float, ...]]] = field(default_factory=dict)
    context_steps: tuple[int, ...] = ()
    differing_values: int = 1

    def sentence(self) -> str:
        """Return the divergence in one line."""
        index = ", ".join(map(str, self.neuron))
        quantity = "spike" if self.state == "s" else self.state
        return (
            f"{self.layer}: {quantity} of neuron ({index}) at step {self.step} of sample "
            f"{self.sample}: expected {self.expected}, got {self.got}"
        )


# Begins the reason of links in floats whose spikes are all the same, whatever other values are.
EVERY_SPIKE = "every spike is equal"


@dataclass(frozen=True)
class Link:
    """Two stages that were compared."""

    # Such as "training = golden"; the left side is the expected one.
    name: str
    status: Status
    compared: int = 0
    spikes: int = 0
    seconds: float = 0.0
    divergence: Divergence | None = None
    # The description of a difference outside traces (a hash), or why the link was not run.
    reason: str | None = None
    remedy: str | None = None
    # The output of a simulator that failed.
    log: str = ""
    # A link that was not requested (no model given) does not fail the report.
    requested: bool = True
    # The simulator says that it does not take the network; of several it does not have to.
    beyond: bool = False
    # The difference up to which floats count as equal; integers have none.
    tolerance: str | None = None

    @property
    def same(self) -> bool:
        """Whether nothing differs, even if nothing fired."""
        return self.status in (Status.EQUAL, Status.SILENT)


@dataclass(frozen=True)
class LayerSummary:
    """One layer as the report's table shows it."""

    name: str
    kind: str
    shape: tuple[int, ...]
    neurons: int
    spikes: int
    # Spikes per neuron and step.
    rate: float
    # The largest of the layer's output values, if they are not spikes.
    largest: float | None = None
    # For which states its step is proved, if proofs were asked for.
    proof: str = ""

    @classmethod
    def of(cls, name: str, kind: str, layer: LayerTrace) -> LayerSummary:
        """Return the summary of a layer's activity: its spikes, or how large its values became."""
        sent = layer.values["s"]
        shape, size = sent.shape[2:], math.prod(sent.shape[2:])
        if not layer.spiking:
            return cls(name, kind, shape, size, 0, 0.0, float(np.abs(sent).max(initial=0)))
        spikes = int(np.count_nonzero(sent))
        return cls(name, kind, shape, size, spikes, spikes / sent.size)
