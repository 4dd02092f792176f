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
        return self.after(sent[-1], len(sent)) if self.over_time else self._in_units(sent)

    def after(self, sent: NDArray[Any], steps: int | NDArray[Any]) -> NDArray[Any]:
        """Return the output after some steps, from what the last layer sends in the last of them.

        Streams (N, ...) that began at different times have a number of steps each.
        """
        values = self._in_units(sent)
        if not self.per_step:
            return values
        counted = np.maximum(np.asarray(steps) - self.skip, 1)
        shares: NDArray[Any] = values / counted.reshape(
            counted.shape + (1,) * (values.ndim - counted.ndim)
        )
        return shares

    def _in_units(self, sent: NDArray[Any]) -> NDArray[Any]:
        return sent if self.exponent == 0 else np.ldexp(sent.astype(np.float64), self.exponent)
