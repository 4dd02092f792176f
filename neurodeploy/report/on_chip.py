"""A network on a chip as tables and as a map of its cores, for the terminal and elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase

from neurodeploy.chips.resources import (
    Core,
    LayerOperations,
    NeuroBench,
    OnChip,
    Placement,
    Use,
)
from neurodeploy.report.words import shortened

_LETTERS = ascii_lowercase + ascii_uppercase
_ACROSS = 32
# The number of cores with their own row; of more cores, the fullest ones are shown.
_MOST_ROWS = 8
# The number of chips with their own row.
_MOST_CHIPS = 32


@dataclass(frozen=True)
class TableData:
    """Headings, rows, and the headings whose columns contain numbers."""

    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numbers: frozenset[str]


def headline(placed: Placement) -> str:
    """Return one line that says whether the network fits."""
    if placed.problems:
        layer, words = placed.problems[0]
        return f"{placed.chip}: no room: {layer}: {words}"
    full = max((core.share for core in placed.cores), default=0.0)
    if placed.spread is not None:
        spread = placed.spread
        chips = f"{spread.used} of the {spread.chips:,} chips of {spread.board}"
        return f"{placed.chip}: {len(placed.cores):,} cores on {chips}, the fullest {full:.0%}"
    return (
        f"{placed.chip}: {len(placed.cores)} of {placed.core_limit} cores, the fullest {full:.0%}"
    )


def spread_lines(placed: Placement) -> list[str]:
    """Return what crosses from chip to chip, if the network is on several."""
    spread = placed.spread
    if spread is None:
        return []
    share = f"({spread.across / max(spread.axons, 1):.0%})"
    axons = f"{spread.across:,} of {spread.axons:,} axons between cores"
    way = f", {spread.hops:.1f} chips away on average" if spread.places else ""
    lines = [f"{axons} lead to another chip {share}{way}"]
    if spread.spikes is not None:
        lines.append(f"{spread.spikes:,.1f} spikes go to another chip for one sample, once a core")
    return lines


def chip_table(placed: Placement) -> TableData:
    """Return the cores of each chip that the network is on, and its layers."""
    rows = []
    for index, cores in sorted(_on_each(placed).items()):
        layers = dict.fromkeys(shortened(part.layer) for core in cores for part in core.slices)
        neurons = sum(part.last - part.first for core in cores for part in core.slices)
        rows.append((str(index), str(len(cores)), f"{neurons:,}", ", ".join(layers)))
    shown = [*rows[:_MOST_CHIPS]]
    if len(rows) > _MOST_CHIPS:
        shown.append(("...", "", "", f"and {len(rows) - _MOST_CHIPS} chips more"))
    headings = ("chip", "cores", "neurons", "layers")
    return TableData(headings, shown, frozenset(headings[:3]))


def _on_each(placed: Placement) -> dict[int, list[Core]]:
    chips: dict[int, list[Core]] = {}
    where = placed.spread.chip_of if placed.spread else ()
    for chip, core in zip(where, placed.cores, strict=True):
        chips.setdefault(chip, []).append(core)
    return chips


def layer_table(placed: Placement) -> TableData:
    """Return what each layer needs."""
    headings = ("layer", "neurons", "fan-in", "synapses", "memory", "encoding", "delay", "message")
    rows = [
        (
            shortened(each.layer),
            f"{each.neurons:,}",
            f"{each.fan_in:,}",
            f"{each.synapses:,}",
            _bytes(each.synapse_bits) if placed.cores else "",
            each.encoding,
            str(each.delay),
            f"{each.message_bits} bits",
            str(each.cores) if placed.cores else "",
        )
        for each in placed.layers
    ]
    return TableData((*headings, "cores"), rows, frozenset((*headings[1:5], "delay", "cores")))


def core_table(placed: Placement) -> TableData:
    """Return the fullest cores, and how much of them is used."""
    fullest = sorted(range(len(placed.cores)), key=lambda i: (-placed.cores[i].share, i))
    shown = sorted(fullest[:_MOST_ROWS])
    rows = [
        (str(index), layers_on(placed.cores[index]), *map(used, placed.cores[index].uses))
        for index in shown
    ]
    names = tuple(use.what for use in placed.cores[0].uses) if placed.cores else ()
    return TableData(("core", "holds", *names), rows, frozenset(("core", *names)))


def core_map(placed: Placement) -> list[str]:
    """Return the cores as letters, one per layer; `+` for shared cores, `.` for empty ones."""
    letters = {
        each.layer: _LETTERS[index % len(_LETTERS)] for index, each in enumerate(placed.layers)
    }
    signs = [_sign(core, letters) for core in placed.cores]
    signs += "." * (placed.core_limit - len(signs))
    lines = ["".join(signs[at : at + _ACROSS]) for at in range(0, len(signs), _ACROSS)]
    key = ", ".join(f"{letter} {shortened(layer)}" for layer, letter in letters.items())
    return [*lines, f"{key}, + shared, . empty"]


def operation_table(operations: Sequence[LayerOperations]) -> TableData:
    """Return what each layer does for one sample."""
    headings = ("layer", "synaptic operations", "neuron updates", "spikes")
    rows = [
        (
            shortened(each.layer),
            f"{each.synaptic:,.0f}",
            f"{each.neuron_updates:,.0f}",
            f"{each.spikes:,.1f}",
        )
        for each in operations
    ]
    return TableData(headings, rows, frozenset(headings[1:]))


def metric_table(metrics: NeuroBench) -> TableData:
    """Return NeuroBench's metrics, a row each."""
    rows = [
        ("weights", f"{metrics.weights:,}"),
        ("footprint of the weights", _bytes(8 * metrics.footprint)),
        ("connection sparsity", f"{metrics.connection_sparsity:.4f}"),
        ("activation sparsity", f"{metrics.activation_sparsity:.4f}"),
        ("effective ACs", f"{metrics.effective_acs:,.1f}"),
        ("effective MACs", f"{metrics.effective_macs:,.1f}"),
        ("dense operations", f"{metrics.dense:,.0f}"),
        ("membrane updates", f"{metrics.membrane_updates:,.1f}"),
    ]
    return TableData(("NeuroBench metric", "one sample"), rows, frozenset({"one sample"}))


def estimate_lines(on_chip: OnChip) -> list[str]:
    """Return the estimates, each with its source and what it leaves out."""
    energies = [
        f"{each.chip}, an estimate for one sample: {joules(each.low)} to {joules(each.high)}. "
        f"From {each.source}. Without {each.left_out}."
        for each in on_chip.energies
    ]
    times = [
        f"{each.chip}, an estimate for one step: {each.low / 1e3:.3g} to {each.high / 1e3:.3g} us, "
        f"which core {each.core} needs. From {each.source}. Without {each.left_out}."
        for each in on_chip.latencies
    ]
    return energies + times


def joules(picojoules: float) -> str:
    """Return an energy in a suitable unit."""
    for limit, unit in ((1e3, "pJ"), (1e6, "nJ"), (1e9, "uJ"), (1e12, "mJ")):
        if picojoules < limit:
            return f"{picojoules / limit * 1e3:.3g} {unit}"
    return f"{picojoules / 1e12:.3g} J"


def layers_on(core: Core) -> str:
    """Return the layers on a core, with the neurons of each."""
    return ", ".join(
        f"{shortened(part.layer)} {part.first}..{part.last - 1}" for part in core.slices
    )


def used(use: Use) -> str:
    """Return how much is used, and of how much."""
    return f"{use.used:,}" + (f" ({use.share:.0%})" if use.limit else "")


def _sign(core: Core, letters: dict[str, str]) -> str:
    layers = {part.layer for part in core.slices}
    return letters[layers.pop()] if len(layers) == 1 else "+"


def _bytes(bits: int) -> str:
    return f"{bits / 8192:,.1f} KB"
