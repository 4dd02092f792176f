"""Accuracy against the strength of faults: how much of each a network bears."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from snncore import functional
from snncore.faults.injection import KINDS, injected

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STRENGTHS: Mapping[str, tuple[float, ...]] = {
    "noise": (0.1, 0.2, 0.5, 1.0),
    "mismatch": (0.1, 0.2, 0.5, 1.0),
    "stuck at zero": (0.01, 0.05, 0.1, 0.2, 0.5),
    "stuck at one": (0.001, 0.005, 0.01, 0.05),
    "dropped spikes": (0.05, 0.1, 0.2, 0.5),
}
# From outputs (T, N, ...) to the class of each sample.
Decide = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class FaultSweep:
    """The accuracy without faults, and under each kind and strength, for each seed."""

    healthy: float
    accuracies: Mapping[str, Mapping[float, tuple[float, ...]]]

    def mean(self, kind: str, strength: float) -> float:
        """Return the mean over seeds."""
        return fmean(self.accuracies[kind][strength])

    def bears(self, kind: str, loss: float = 0.01) -> float:
        """Return the largest strength up to which the mean loses no more than this; 0 if none."""
        borne = 0.0
        for strength in sorted(self.accuracies[kind]):
            if self.mean(kind, strength) < self.healthy - loss:
                break
            borne = strength
        return borne

    def text(self) -> str:
        """Format the sweep as a table."""
        lines = [f"without faults {100 * self.healthy:.1f} %"]
        for kind, strengths in self.accuracies.items():
            for strength, values in strengths.items():
                spread = f" +- {100 * pstdev(values):.1f}" if len(values) > 1 else ""
                lines.append(f"{kind:16}{strength:8g}   {100 * fmean(values):.1f}{spread} %")
        return "\n".join(lines)

    def to_json(self) -> str:
        """Return the sweep as a JSON document."""
        kinds = {
            kind: [{"strength": s, "accuracies": list(values)} for s, values in strengths.items()]
            for kind, strengths in self.accuracies.items()
        }
        return json.dumps({"healthy": self.healthy, "faults": kinds}, indent=2)

    def figure(self) -> Figure:
        """Draw the accuracy of each kind against its strength, as a part of the strongest.

        Raises:
            ImportError: if matplotlib is not installed.
        """
        from snncore import plot

        lines: dict[str, tuple[list[float], list[float]]] = {}
        for kind, strengths in self.accuracies.items():
            largest = max(strengths) or 1.0
            means = [self.healthy, *(self.mean(kind, strength) for strength in strengths)]
            lines[f"{kind}, up to {largest:g}"] = ([0.0, *(s / largest for s in strengths)], means)
        return plot.curves(lines, horizontal="part of the strongest", vertical="accuracy")


def _by_sum(outputs: Tensor) -> Tensor:
    return outputs.sum(0).flatten(1).argmax(1)


@torch.no_grad()
def sweep(
    network: nn.Module,
    samples: Tensor,
    labels: Tensor,
    *,
    strengths: Mapping[str, Sequence[float]] = STRENGTHS,
    seeds: int = 3,
    decide: Decide = _by_sum,
) -> FaultSweep:
    """Measure accuracy on samples (T, N, ...) under each kind of fault, for each strength and seed.

    The network is evaluated and left reset; `decide` makes classes of its outputs, by default that
    of the largest sum. The same seeds give the same accuracies.

    Raises:
        ValueError: if there is no such kind or strength, no seed, or not a label for each sample.
    """
    unknown = sorted(set(strengths) - set(KINDS))
    if unknown:
        raise ValueError(f"faults.sweep: no kind {unknown[0]!r}; there are {', '.join(KINDS)}")
    if seeds < 1 or labels.shape != samples.shape[1:2] or not len(labels):
        raise ValueError(
            f"faults.sweep: {seeds} seeds, {tuple(labels.shape)} labels for samples "
            f"{tuple(samples.shape)} (a seed or more, and a label for each of N samples)"
        )

    def accuracy() -> float:
        functional.reset(network)
        decisions = decide(network(samples))
        functional.reset(network)
        return float((decisions == labels).double().mean())

    training = network.training
    network.eval()
    try:
        healthy = accuracy()
        measured: dict[str, dict[float, tuple[float, ...]]] = {}
        for kind, values in strengths.items():
            measured[kind] = {}
            for strength in values:
                runs = []
                for seed in range(seeds):
                    with injected(network, kind, float(strength), seed=seed):
                        runs.append(accuracy())
                measured[kind][float(strength)] = tuple(runs)
    finally:
        network.train(training)
    return FaultSweep(healthy, measured)
