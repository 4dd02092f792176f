"""What a verification found: links, each equal, differing or not run, and the first divergence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from neurodeploy.resources import OnChip
from neurodeploy.trace import LayerTrace, Trace


class Status(StrEnum):
    """What became of a link; only `EQUAL` counts as proof."""

    EQUAL = "equal"
    DIFFERS = "differs"
    # Every value was equal and no neuron fired, so nothing was shown.
    SILENT = "silent"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Divergence:
    """The first value that differs: where, when, what, and the states around it."""

    layer: str
    # "s" for a spike, else the name of the state.
    state: str
    # The neuron's index within its layer, as in the layer's shape.
    neuron: tuple[int, ...]
    step: int
    sample: int
    # Integers, unless a simulator gave a fraction.
    expected: float
    got: float
    # By side ("expected", "got") and state: values of this neuron around `step`.
    context: Mapping[str, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)
    context_steps: tuple[int, ...] = ()
    differing_values: int = 1

    def sentence(self) -> str:
        """The divergence in one line."""
        index = ", ".join(map(str, self.neuron))
        what = "spike" if self.state == "s" else self.state
        return (
            f"{self.layer}: {what} of neuron ({index}) at step {self.step} of sample "
            f"{self.sample}: expected {self.expected}, got {self.got}"
        )


@dataclass(frozen=True)
class Link:
    """Two stages held against each other."""

    # Such as "training = golden"; the left side is what is expected.
    name: str
    status: Status
    compared: int = 0
    spikes: int = 0
    seconds: float = 0.0
    divergence: Divergence | None = None
    # Words for a difference that is no trace's (a hash), or why the link was not run.
    reason: str | None = None
    remedy: str | None = None
    # What a simulator that failed had printed.
    log: str = ""
    # A link that nobody asked for (no model given) does not fail the report.
    requested: bool = True
    # How far apart floats may be to count as equal; integers have none.
    tolerance: str | None = None

    @property
    def same(self) -> bool:
        """Whether nothing differs, be it that nothing fired either."""
        return self.status in (Status.EQUAL, Status.SILENT)


@dataclass(frozen=True)
class LayerSummary:
    """One layer as the report's table shows it."""

    name: str
    kind: str
    shape: tuple[int, ...]
    neurons: int
    spikes: int
    # Spikes a neuron and step.
    rate: float
    # The largest of the values that leave the layer, if those are no spikes.
    largest: float | None = None

    @classmethod
    def of(cls, name: str, kind: str, layer: LayerTrace) -> LayerSummary:
        """Return the summary of what a layer did: its spikes, or how large its values became."""
        sent = layer.values["s"]
        shape, size = sent.shape[2:], math.prod(sent.shape[2:])
        if not layer.spiking:
            return cls(name, kind, shape, size, 0, 0.0, float(np.abs(sent).max(initial=0)))
        spikes = int(np.count_nonzero(sent))
        return cls(name, kind, shape, size, spikes, spikes / sent.size)


@dataclass(frozen=True)
class Report:
    """A verification: equal if every link that was asked for is equal."""

    title: str
    links: tuple[Link, ...]
    layers: tuple[LayerSummary, ...] = ()
    # Plain facts for the reader: target, artifact, hashes, samples, versions, accuracies.
    facts: Mapping[str, str] = field(default_factory=dict)
    # What pictures are drawn from: one sample or a few, (T, N, ...).
    trace: Trace | None = None
    # For each accuracy shown side by side: "float", "quantized", "chip" -> share correct.
    accuracies: Mapping[str, float] = field(default_factory=dict)
    # What the target knows of the network on its chips, and what it did there.
    on_chip: OnChip = field(default_factory=OnChip)

    def __repr__(self) -> str:
        links = ", ".join(f"{link.name}: {link.status}" for link in self.links)
        return f"Report({links})"

    @property
    def equal(self) -> bool:
        """Whether every requested link ran and is equal."""
        asked = [link for link in self.links if link.requested]
        return bool(asked) and all(link.status == Status.EQUAL for link in asked)

    @property
    def silent(self) -> bool:
        """Whether nothing differs and every requested link ran, but no neuron fired in some."""
        status = {link.status for link in self.links if link.requested}
        return Status.SILENT in status and status <= {Status.SILENT, Status.EQUAL}

    @property
    def exact(self) -> bool:
        """Whether equal means every bit; networks in floats are equal within a tolerance."""
        return not any(link.tolerance for link in self.links)

    @property
    def first_divergence(self) -> Divergence | None:
        """The first link's divergence, in the order in which the links stand."""
        return next((link.divergence for link in self.links if link.divergence), None)

    @property
    def exit_code(self) -> int:
        """0 equal, or silent; 1 differs; 4 a requested link was not run."""
        if self.equal or self.silent:
            return 0
        return 1 if any(link.status == Status.DIFFERS for link in self.links) else 4

    def to_json(self) -> str:
        """The report as one JSON document."""
        from neurodeploy.report.plain import report_json

        return report_json(self)

    def to_junit(self) -> str:
        """The report as JUnit XML, a test case a link."""
        from neurodeploy.report.plain import report_junit

        return report_junit(self)

    def to_text(self) -> str:
        """The report as a person reads it in a terminal."""
        from neurodeploy.report.plain import report_text

        return report_text(self)

    def to_html(self) -> str:
        """The report as one self-contained page."""
        from neurodeploy.report.html import report_html

        return report_html(self)
