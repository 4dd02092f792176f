"""The price of a target's structure, as data and in words."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from neurodeploy.cli.outcome import Block, Line, Tone

if TYPE_CHECKING:
    from neurodeploy.target import Price


def as_data(price: Price | None) -> dict[str, Any]:
    """Return neurons, synapses and cores, before and after; empty without a price."""
    return {} if price is None else {"price": asdict(price)}


def as_lines(price: Price | None, target: str) -> list[Block]:
    """Return one line, or none without a price."""
    return [] if price is None else [Line(f"{target}: {price.sentence()}", Tone.ASIDE)]
