"""A target's findings about a program that it cannot accept as it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from neurodeploy.errors import (
    DoesNotFitError,
)


class Severity(StrEnum):
    """Whether a finding stops an export."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """Something that a target cannot accept, or that a user should know."""

    severity: Severity
    node: str
    message: str
    remedy: str | None = None

    def __str__(self) -> str:
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{self.node}: {self.message}{remedy}"


def require_fits(name: str, findings: tuple[Finding, ...]) -> None:
    """Check that no finding is an error.

    Raises:
        DoesNotFitError: otherwise; lists every error with its remedy.
    """
    errors = [str(finding) for finding in findings if finding.severity == Severity.ERROR]
    if errors:
        head = f"the network does not fit {name}"
        raise DoesNotFitError("\n  ".join([f"{head}: {errors[0]}", *errors[1:]]))
