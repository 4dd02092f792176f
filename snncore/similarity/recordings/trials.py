"""Recorded responses: some repeats of each stimulus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from snncore.similarity.tables import Table


@dataclass(frozen=True)
class NeuralTrials:
    """Responses (stimuli, repeats, units), NaN where a stimulus was shown less often."""

    responses: Table

    def __post_init__(self) -> None:
        if self.responses.ndim != 3 or 0 in self.responses.shape:
            raise ValueError(
                f"trials: responses are (stimuli, repeats, units), not {self.responses.shape}"
            )
        if not np.isfinite(self.responses).any(1).all():
            raise ValueError("trials: a stimulus without a response of every unit (leave it out)")

    @property
    def repeats(self) -> int:
        """The number of repeats of the stimulus that was shown most often."""
        return int(self.responses.shape[1])

    def means(self) -> Table:
        """Return the mean over repeats, (stimuli, units)."""
        means: Table = np.nanmean(self.responses, 1)
        return means

    def halves(self, random: np.random.Generator) -> tuple[Table, Table]:
        """Return the means of two halves of each stimulus' repeats, drawn anew.

        Raises:
            ValueError: if a stimulus was shown once.
        """
        parts: tuple[list[Table], list[Table]] = ([], [])
        for index, rows in enumerate(self.responses):
            shown = np.flatnonzero(np.isfinite(rows).all(1))
            if len(shown) < 2:
                raise ValueError(f"trials: stimulus {index} was shown once, which has no halves")
            order = random.permutation(shown)
            for half, chosen in zip(parts, np.array_split(order, 2), strict=True):
                half.append(rows[chosen].mean(0))
        return np.stack(parts[0]), np.stack(parts[1])

    def reliability(self, *, cuts: int = 10, seed: int = 0) -> Table:
        """Return each unit's correlation between halves of the repeats, as of all of them.

        Spearman and Brown's formula leads from halves to the whole.
        """
        from snncore.similarity.tables import correlations

        random = np.random.default_rng(seed)
        values = np.mean([correlations(*self.halves(random)) for _ in range(cuts)], 0)
        reliability: Table = 2 * values / (1 + np.maximum(values, -0.999))
        return reliability

    def reliable(self, least: float, *, cuts: int = 10, seed: int = 0) -> NeuralTrials:
        """Return the units whose reliability is at least this.

        Raises:
            ValueError: if there is none.
        """
        chosen = self.reliability(cuts=cuts, seed=seed) >= least
        if not chosen.any():
            raise ValueError(f"trials: no unit is as reliable as {least}")
        return NeuralTrials(self.responses[:, :, chosen])
