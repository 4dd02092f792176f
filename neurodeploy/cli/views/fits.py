"""A program on every target: its structure there, what is wrong with it, and its price."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurodeploy.cli.outcome import Block
from neurodeploy.cli.views import findings as findings_view
from neurodeploy.cli.views import price as price_view

if TYPE_CHECKING:
    from neurodeploy.program import Program
    from neurodeploy.target import Price


@dataclass(frozen=True)
class TargetFit:
    """A program in a target's structure, the target's findings, and the structure's price."""

    form: Program
    findings: findings_view.Findings
    price: Price | None

    @property
    def fits(self) -> bool:
        """Whether no finding stops an export."""
        return findings_view.fits(self.findings)

    def as_data(self) -> dict[str, Any]:
        """Return the verdict as plain data."""
        data = {"fits": self.fits, "findings": findings_view.as_data(self.findings)}
        return data | price_view.as_data(self.price)


def fits_of(program: Program, progress: Callable[[str], None]) -> dict[str, TargetFit]:
    """Return how a program fits every installed target, by name."""
    from neurodeploy.target import fitted, price_of, targets

    fits, installed = {}, targets()
    for number, (name, chip) in enumerate(installed.items()):
        progress(f"checking target {number + 1} of {len(installed)}: {name}")
        form, findings = fitted(program, chip)
        fits[name] = TargetFit(form, findings, price_of(program, form, chip))
    return fits


def verdicts(fits: dict[str, TargetFit]) -> list[Block]:
    """Return each target's verdict, and then the prices."""
    lines = findings_view.verdicts({name: fit.findings for name, fit in fits.items()})
    for name, fit in fits.items():
        lines += price_view.as_lines(fit.price, name)
    return lines
