"""Each layer against each recorded region, beside the best score that noise leaves possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from snncore.similarity.recordings.trials import NeuralTrials
from snncore.similarity.regression import regression
from snncore.similarity.rsa import rsa
from snncore.similarity.subspaces import cka, svcca
from snncore.similarity.tables import Table

Score = Callable[[Any, Any], float]


def _mean_regression(layer: Any, recorded: Any) -> float:
    return float(regression(layer, recorded).mean())


METRICS: Mapping[str, Score] = {
    "rsa": rsa,
    "svcca": svcca,
    "regression": _mean_regression,
    "cka": cka,
}


@dataclass(frozen=True)
class Comparison:
    """Scores by region and layer, in the order of layers, and each region's ceiling.

    A ceiling is the score of one half of the trials against the other; None without trials.
    """

    metric: str
    scores: Mapping[str, Mapping[str, float]]
    ceilings: Mapping[str, float | None]

    def best(self, region: str) -> str:
        """Return the layer that is most like a region."""
        layers = self.scores[region]
        return max(layers, key=lambda name: layers[name])

    def text(self) -> str:
        """Format the scores as a table."""
        layers = list(next(iter(self.scores.values()), {}))
        width = max((len(name) for name in layers), default=0) + 2
        lines = [
            f"{self.metric:14}" + "".join(f"{name:>{width}}" for name in layers) + "   ceiling"
        ]
        for region, scores in self.scores.items():
            values = "".join(f"{scores[name]:{width}.3f}" for name in layers)
            ceiling = self.ceilings[region]
            words = "   -" if ceiling is None else f"{ceiling:10.3f}"
            lines.append(f"{region:14}{values}{words}")
        return "\n".join(lines)


def compare(
    layers: Mapping[str, Table],
    regions: Mapping[str, NeuralTrials | Table],
    metric: str | Score = "rsa",
    *,
    halves: int = 10,
    seed: int = 0,
) -> Comparison:
    """Compare every layer with every region, by a metric of this module or your own function.

    `layers` is what `layer_responses` returns; regions are trials, whose mean counts, or responses
    (stimuli, units). Ceilings are means of so many cuts of the trials, drawn by the seed.

    Raises:
        ValueError: if there is no such metric, or the stimuli differ in number.
    """
    if isinstance(metric, str) and metric not in METRICS:
        raise ValueError(
            f"similarity.compare: no metric {metric!r}; there are {', '.join(METRICS)}"
        )
    score = METRICS[metric] if isinstance(metric, str) else metric
    scores: dict[str, dict[str, float]] = {}
    ceilings: dict[str, float | None] = {}
    for region, recorded in regions.items():
        means = recorded.means() if isinstance(recorded, NeuralTrials) else np.asarray(recorded)
        scores[region] = {name: score(values, means) for name, values in layers.items()}
        ceilings[region] = None
        if isinstance(recorded, NeuralTrials) and recorded.repeats > 1:
            ceilings[region] = _ceiling(recorded, score, halves, seed)
    name = metric if isinstance(metric, str) else getattr(metric, "__name__", "similarity")
    return Comparison(name, scores, ceilings)


def _ceiling(recorded: NeuralTrials, score: Score, halves: int, seed: int) -> float:
    random = np.random.default_rng(seed)
    cuts = [recorded.halves(random) for _ in range(max(1, halves))]
    return float(np.mean([score(one, other) for one, other in cuts]))
