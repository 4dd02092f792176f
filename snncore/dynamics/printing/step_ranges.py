"""The ranges of a step that is printed in fixed widths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from snncore.dynamics.arithmetic.interval import Interval


@dataclass(frozen=True)
class StepRanges:
    """The ranges for which a step is printed: it is right for all values within."""

    states: Mapping[str, Interval]
    inputs: Mapping[str, Interval]
    parameters: Mapping[str, Interval]
