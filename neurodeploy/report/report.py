"""A report: the result of a verification, and the ways to print it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from neurodeploy.chips.resources import OnChip
from neurodeploy.report.links import Divergence, LayerSummary, Link, Status
from neurodeploy.report.network import NodeSummary
from neurodeploy.trace import Trace


@dataclass(frozen=True)
class Report:
    """A verification; it is equal if every requested link is equal.

    Examples:
        >>> report = nd.verify("chip", model=on_chip, samples=x, simulator="none")
        >>> report.equal
        True
        >>> report.first_divergence
    """

    title: str
    links: tuple[Link, ...]
    layers: tuple[LayerSummary, ...] = ()
    # Plain facts for the reader: target, artifact, hashes, samples, versions, accuracies.
    facts: Mapping[str, str] = field(default_factory=dict)
    # The data of the pictures: one sample or a few, (T, N, ...).
    trace: Trace | None = None
    # The accuracies to show side by side: "float", "quantized", "chip" -> share correct.
    accuracies: Mapping[str, float] = field(default_factory=dict)
    # The target's description of the network on its chips, and its activity there.
    on_chip: OnChip = field(default_factory=OnChip)
    # The nodes of the network as the artifact holds it, in the order of computation.
    network: tuple[NodeSummary, ...] = ()

    def __repr__(self) -> str:
        links = ", ".join(f"{link.name}: {link.status}" for link in self.links)
        return f"Report({links})"

    @property
    def equal(self) -> bool:
        """Whether every requested link ran and is equal."""
        requested = [link for link in self.links if link.requested]
        return bool(requested) and all(link.status == Status.EQUAL for link in requested)

    @property
    def silent(self) -> bool:
        """Whether nothing differs and every requested link ran, but some had no spikes."""
        status = {link.status for link in self.links if link.requested}
        return Status.SILENT in status and status <= {Status.SILENT, Status.EQUAL}

    @property
    def exact(self) -> bool:
        """Whether equal means every bit; float networks are equal within a tolerance."""
        return not any(link.tolerance for link in self.links)

    @property
    def first_divergence(self) -> Divergence | None:
        """The first divergence, in the order of the links."""
        return next((link.divergence for link in self.links if link.divergence), None)

    @property
    def exit_code(self) -> int:
        """The exit code: 0 equal or silent, 1 differs, 4 a requested link was not run."""
        if self.equal or self.silent:
            return 0
        return 1 if any(link.status == Status.DIFFERS for link in self.links) else 4

    def to_json(self) -> str:
        """Return the report as one JSON document."""
        from neurodeploy.report.document import report_json

        return report_json(self)

    def to_junit(self) -> str:
        """Return the report as JUnit XML, a test case per link."""
        from neurodeploy.report.junit import report_junit

        return report_junit(self)

    def to_text(self) -> str:
        """Return the report as a text for the terminal."""
        from neurodeploy.report.text import report_text

        return report_text(self)

    def to_html(self) -> str:
        """Return the report as one self-contained page."""
        from neurodeploy.report.html import report_html

        return report_html(self)
