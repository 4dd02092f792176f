"""Modules that note something about every input."""

from __future__ import annotations

from typing import Any

from torch import nn

# None of these is a parameter, a buffer or a module, so torch need not look.
_NOTES = frozenset({"input_shape", "states", "_seen"})


class Noting(nn.Module):
    """A module whose notes are set at once: torch's own way takes as long as a small layer."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _NOTES:
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)
