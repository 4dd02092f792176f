"""The way from a network's last layer to its output, in the units of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Readout:
    """The value of one integer, and whether the last step decodes the whole sequence.

    `per_step` divides what was added up by the number of steps, except for the first `skip`.
    """

    exponent: int = 0
    over_time: bool = False
    per_step: bool = False
    skip: int = 0

    def output(self, sent: NDArray[Any]) -> NDArray[Any]:
        """Return the network's output from what its last layer sends (T, N, ...)."""
        values = sent if self.exponent == 0 else np.ldexp(sent.astype(np.float64), self.exponent)
        if not self.over_time:
            return values
        last: NDArray[Any] = values[-1]
        return last / max(len(sent) - self.skip, 1) if self.per_step else last
