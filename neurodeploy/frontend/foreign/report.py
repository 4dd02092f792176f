"""The report of a conversion: which part became what, what was left out, and whether both agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from torch import nn


@dataclass(frozen=True)
class Became:
    """A foreign part, and the layer of ours that it became."""

    source: str
    source_kind: str
    layer: str
    kind: str
    note: str = ""


@dataclass(frozen=True)
class Parting:
    """The first value in which the foreign network and ours differ."""

    layer: str
    step: int
    sample: int
    neuron: int
    expected: float
    actual: float

    def sentence(self) -> str:
        """Return the difference in words."""
        return (
            f"{self.layer} parts at step {self.step}, sample {self.sample}, neuron {self.neuron}: "
            f"{self.actual:g} instead of {self.expected:g}"
        )


@dataclass(frozen=True)
class Agreement:
    """A comparison of the foreign network with ours on the same samples, value by value."""

    samples: int
    steps: int
    # The layers of neurons that were compared, and how many spikes they sent.
    layers: tuple[str, ...]
    spikes: int
    # Spikes: a layer of neurons. Sums: the output or a readout's voltage, beyond their last bits.
    parting: Parting | None = None
    # The largest difference between sums that are equal but for their last bits.
    rounding: float = 0.0

    @property
    def equal(self) -> bool:
        """Whether every spike is the same."""
        return self.parting is None

    def sentence(self) -> str:
        """Return the result in words."""
        size = f"{self.samples} samples of {self.steps} steps, {self.spikes:,} spikes"
        if self.parting is not None:
            return f"differs ({size}): {self.parting.sentence()}"
        silent = "; nothing fired, so this shows little" if not self.spikes else ""
        bits = f"; sums differ by up to {self.rounding:.2g}" if self.rounding else ""
        return f"equal spikes in {len(self.layers)} layers of neurons ({size}){bits}{silent}"


@dataclass(frozen=True)
class Conversion:
    """A foreign network as ours, with everything that was done to it."""

    network: nn.Module
    became: tuple[Became, ...]
    # What the foreign network has and ours lacks, in sentences.
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    # None where the foreign network cannot be run.
    agreement: Agreement | None = None
    # The input of the comparison (T, N, ...), and what the foreign network returned for it.
    example: Any = None
    returned: Any = None

    def as_data(self) -> dict[str, Any]:
        """Return the report as plain data."""
        agreement = self.agreement
        return {
            "became": [asdict(each) for each in self.became],
            "left_out": list(self.left_out),
            "notes": list(self.notes),
            "agreement": None
            if agreement is None
            else asdict(agreement) | {"equal": agreement.equal},
        }

    def lines(self) -> Iterator[str]:
        """Yield the report line by line."""
        for each in self.became:
            note = f" ({each.note})" if each.note else ""
            yield f"{each.source}: {each.source_kind} became {each.layer}: {each.kind}{note}"
        for sentence in self.left_out:
            yield f"left out: {sentence}"
        yield from self.notes
        if self.agreement is not None:
            yield self.agreement.sentence()
