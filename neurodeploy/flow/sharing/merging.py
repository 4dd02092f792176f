"""The reports of shards of samples as one report, the same however many workers there were.

1. A link differs if it does in a shard, and was run if it was in all. Its first divergence is the
   earliest step of the earliest layer, counted in the samples of the whole.
2. Counts are added; shares and averages are of all samples.
3. Times are left out: they would be another's each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from neurodeploy.chips.resources import (
    Energy,
    Latency,
    LayerOperations,
    NeuroBench,
    OnChip,
    Placement,
)
from neurodeploy.report import LayerSummary, Link, Report, Status
from neurodeploy.verification import RUN_TIMES

Estimate = TypeVar("Estimate", Energy, Latency)

# The first of these that any shard has; silent are all or none.
_ORDER = (Status.DIFFERS, Status.NOT_RUN, Status.EQUAL, Status.SILENT)
# The link to the files themselves, which every shard compares whole.
_FILES = " = artifact"


@dataclass(frozen=True)
class Shard:
    """A report of `count` samples from number `first` on."""

    report: Report
    first: int
    count: int


def merged(shards: Sequence[Shard], steps: int, path: str | None) -> Report:
    """Return the report of all samples, each of so many steps, on the artifact of this path."""
    first = shards[0].report
    total = sum(shard.count for shard in shards)
    depths = {layer.name: depth for depth, layer in enumerate(first.layers)}
    names = [link.name for link in first.links]
    by_name = {link.name: link for shard in shards for link in shard.report.links}
    return Report(
        title=_with_path(first.title, first, path),
        links=tuple(_link(name, shards, depths) for name in [*names, *(by_name.keys() - names)]),
        layers=tuple(
            _layer([shard.report.layers[index] for shard in shards], steps * total)
            for index in range(len(first.layers))
        ),
        network=first.network,
        facts=_facts(first, total, path),
        accuracies={
            name: sum(round(shard.report.accuracies[name] * shard.count) for shard in shards)
            / total
            for name in first.accuracies
            if all(name in shard.report.accuracies for shard in shards)
        },
        on_chip=_on_chip([(shard.report.on_chip, shard.count / total) for shard in shards]),
    )


def _link(name: str, shards: Sequence[Shard], depths: Mapping[str, int]) -> Link:
    """Return a link over all samples."""
    parts = [
        (link, shard.first) for shard in shards for link in shard.report.links if link.name == name
    ]
    status = next(each for each in _ORDER if any(link.status == each for link, _ in parts))
    worst = next(link for link, _ in parts if link.status == status)
    links = [link for link, _ in parts]
    whole = name.endswith(_FILES)
    divergences = [
        replace(link.divergence, sample=link.divergence.sample + first)
        for link, first in parts
        if link.divergence is not None
    ]
    earliest = min(
        divergences,
        key=lambda each: (each.step, depths.get(each.layer, 0), each.state == "s", each.sample),
        default=None,
    )
    if earliest is not None:
        alike = [e for e in divergences if (e.layer, e.state) == (earliest.layer, earliest.state)]
        count = sum(each.differing_values for each in alike)
        earliest = replace(earliest, differing_values=count)
    return replace(
        worst,
        compared=worst.compared if whole else sum(link.compared for link in links),
        spikes=worst.spikes if whole else sum(link.spikes for link in links),
        seconds=0.0,
        divergence=earliest,
        requested=any(link.requested for link in links),
    )


def _layer(parts: Sequence[LayerSummary], rows: int) -> LayerSummary:
    """Return a layer's activity over so many steps of samples."""
    first, spikes = parts[0], sum(part.spikes for part in parts)
    largest = [part.largest for part in parts if part.largest is not None]
    if largest:
        return replace(first, largest=max(largest))
    return replace(first, spikes=spikes, rate=spikes / (rows * first.neurons))


def _facts(first: Report, total: int, path: str | None) -> dict[str, str]:
    facts = {name: words for name, words in first.facts.items() if name not in RUN_TIMES}
    _, _, rest = facts["samples"].partition(" ")
    places = {name: path for name in ("artifact", "file") if name in facts and path is not None}
    return facts | places | {"samples": f"{total} {rest}"}


def _with_path(title: str, report: Report, path: str | None) -> str:
    """Return a title with the artifact's path here, not on the machine of the shard."""
    there = report.facts.get("artifact", report.facts.get("file", ""))
    return title.replace(there, path, 1) if path is not None and there else title


def _on_chip(parts: Sequence[tuple[OnChip, float]]) -> OnChip:
    """Return a network on its chips, with what one sample costs on average."""
    first = parts[0][0]
    operations = tuple(
        LayerOperations(
            rows[0][0].layer,
            _mean((each.synaptic, share) for each, share in rows),
            _mean((each.neuron_updates, share) for each, share in rows),
            _mean((each.spikes, share) for each, share in rows),
        )
        for index in range(len(first.operations))
        if (rows := [(part.operations[index], share) for part, share in parts])
    )
    energies = tuple(
        _averaged([(part.energies[index], share) for part, share in parts])
        for index in range(len(first.energies))
    )
    latencies = tuple(
        _averaged([(part.latencies[index], share) for part, share in parts])
        for index in range(len(first.latencies))
    )
    placements = tuple(
        _spread([(part.placements[index], share) for part, share in parts])
        for index in range(len(first.placements))
    )
    return OnChip(placements, operations, energies, _metrics(parts), latencies)


def _averaged(parts: Sequence[tuple[Estimate, float]]) -> Estimate:
    """Return an estimate with its bounds on average."""
    low = _mean((each.low, share) for each, share in parts)
    return replace(parts[0][0], low=low, high=_mean((each.high, share) for each, share in parts))


def _spread(parts: Sequence[tuple[Placement, float]]) -> Placement:
    """Return a network on a chip's cores, with the spikes that cross chips on average."""
    spreads = [(each.spread, share) for each, share in parts]
    counts = [(each.spikes, share) for each, share in spreads if each and each.spikes is not None]
    first = parts[0][0]
    if first.spread is None or not counts:
        return first
    return replace(first, spread=replace(first.spread, spikes=_mean(counts)))


def _mean(parts: Iterable[tuple[float, float]]) -> float:
    """Return the mean of numbers, given their shares."""
    return sum(number * share for number, share in parts)


def _metrics(parts: Sequence[tuple[OnChip, float]]) -> NeuroBench | None:
    first = parts[0][0].metrics
    if first is None:
        return None
    averaged = ("activation_sparsity", "effective_acs", "effective_macs", "membrane_updates")
    means: dict[str, Any] = {
        name: sum(getattr(part.metrics, name) * share for part, share in parts) for name in averaged
    }
    return replace(first, **means)
