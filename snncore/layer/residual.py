"""A body beside a shortcut, and the ways in which their spikes are joined."""

from __future__ import annotations

from enum import StrEnum

from torch import Tensor, nn


class Join(StrEnum):
    """The way to join the body's spikes a with the shortcut's s."""

    # a + s
    ADD = "add"
    # Both fired: a * s
    AND = "and"
    # The shortcut fired and the body did not: (1 - a) * s
    IAND = "iand"


class Residual(nn.Module):
    """The spike-element-wise residual: body(x) joined with shortcut(x), or with x itself."""

    def __init__(
        self, body: nn.Module, shortcut: nn.Module | None = None, *, join: str = "add"
    ) -> None:
        super().__init__()
        self.body, self.shortcut, self.join = body, shortcut, Join(join)

    def forward(self, x: Tensor) -> Tensor:
        """Join the body's spikes with the shortcut's."""
        skipped: Tensor = x if self.shortcut is None else self.shortcut(x)
        spikes: Tensor = self.body(x)
        if self.join is Join.ADD:
            return spikes + skipped
        if self.join is Join.AND:
            return spikes * skipped
        return (1.0 - spikes) * skipped

    def extra_repr(self) -> str:
        """Return the text between the brackets of the printed module."""
        return f"join={self.join.value!r}"
