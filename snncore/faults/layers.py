"""Faults between layers: of currents, of units, and of spikes.

What is drawn depends on the seed, on how often the network was reset, and on the step: a network
has the same faults step by step and all at once, and other ones in its next sequence.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from snncore.faults.drawing import generator
from snncore.layer import StateLayer


class _Fault(StateLayer):
    """The base of faults: a strength, a seed, and the steps since the last reset."""

    word = "strength"

    def __init__(self, strength: float, *, seed: int = 0, step_mode: str = "m") -> None:
        super().__init__(step_mode)
        if not self.allows(float(strength)):
            raise ValueError(f"{type(self).__name__}.{self.word}: {strength} ({self.range()})")
        self.strength, self.seed = float(strength), int(seed)
        self.sequences = self.steps = 0

    @staticmethod
    def allows(strength: float) -> bool:
        """Return whether there is such a strength."""
        return 0 <= strength < float("inf")

    @staticmethod
    def range() -> str:
        """Return the words for the strengths that there are."""
        return "from 0"

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        return {"strength": self.strength, "seed": self.seed} | super().config()

    def extra_repr(self) -> str:
        """Return the text between the brackets of the printed module."""
        return f"{self.strength}, seed={self.seed}"

    def reset(self) -> None:
        """Begin another sequence, whose faults are drawn anew."""
        super().reset()
        if self.steps:
            self.sequences, self.steps = self.sequences + 1, 0

    def restart(self) -> None:
        """Begin again with the faults of the first sequence."""
        super().reset()
        self.sequences = self.steps = 0

    def _drawn(self, x: Tensor, normal: bool) -> Tensor:
        """Return numbers like a sequence, each step's from a seed of its own."""
        rows = []
        for step in range(x.shape[0]):
            source = generator(x.device, self.seed, self.sequences, self.steps + step)
            draw = torch.randn if normal else torch.rand
            rows.append(draw(x.shape[1:], generator=source, device=x.device))
        self.steps += x.shape[0]
        return torch.stack(rows)


class Noise(_Fault):
    """Normal noise of this deviation on every value of every step, such as currents."""

    word = "deviation"

    def forward(self, x: Tensor) -> Tensor:
        """Return the values with noise."""
        if not self.strength:
            return x
        sequence = self.sequence(x)
        noise = self._drawn(sequence, normal=True).to(sequence.dtype)
        return self.as_given(sequence + self.strength * noise)


class Mismatch(_Fault):
    """A factor for every unit that stays, e to a normal number of this deviation.

    Behind weights it is the mismatch of synapses' gains, and of thresholds: neurons that are linear
    below a threshold that is m times as high fire as if their current was divided by m.
    """

    word = "deviation"

    def forward(self, x: Tensor) -> Tensor:
        """Return the values times their units' factors."""
        sequence = self.sequence(x)
        self.steps += sequence.shape[0]
        if not self.strength:
            return x
        source = generator(x.device, self.seed, "units")
        drawn = torch.randn(sequence.shape[2:], generator=source, device=x.device)
        return self.as_given(sequence * (self.strength * drawn).exp().to(sequence.dtype))


class DropSpikes(_Fault):
    """Spikes that are lost, each with this probability."""

    word = "probability"

    @staticmethod
    def allows(strength: float) -> bool:
        """Return whether there is such a strength."""
        return 0 <= strength <= 1

    @staticmethod
    def range() -> str:
        """Return the words for the strengths that there are."""
        return "from 0 to 1"

    def forward(self, x: Tensor) -> Tensor:
        """Return the spikes that arrive."""
        if not self.strength:
            return x
        sequence = self.sequence(x)
        arrive = self._drawn(sequence, normal=False) >= self.strength
        return self.as_given(sequence * arrive.to(sequence.dtype))
