"""Estimates of energy and time from published figures for single operations."""

from __future__ import annotations

from collections.abc import Sequence

from neurodeploy.chips.resources import Core, Energy, Latency, LayerOperations, Placement
from targets.loihi.chip.chips import LOIHI_1

# Picojoules, from Table 2 of the source: the smallest of a synaptic operation, and of a neuron's
# update from inactive to active.
SYNAPTIC_OPERATION = 23.6
UPDATE_INACTIVE, UPDATE_ACTIVE = 52.0, 81.0
_PAPER = (
    "M. Davies et al., Loihi: A Neuromorphic Manycore Processor with On-Chip Learning, IEEE Micro "
    "38(1), 2018, Table 2"
)
SOURCE = f"{_PAPER}: 23.6 pJ a synaptic operation, 52 to 81 pJ a neuron's update"
# Nanoseconds, from the same table: the longest of a synaptic operation, a neuron's update from
# inactive to active, and the barrier that ends a step, for one tile up to all 32.
SYNAPTIC_TIME = 3.5
TIME_INACTIVE, TIME_ACTIVE = 5.3, 8.4
BARRIER_LOW, BARRIER_HIGH = 113.0, 465.0
TIME_SOURCE = (
    f"{_PAPER}: 3.5 ns a synaptic operation, 5.3 to 8.4 ns a neuron's update, 113 to 465 ns for "
    "the barrier that ends a step"
)
TIME_LEFT_OUT = (
    "spikes on their way between cores, input and output, and steps with more spikes than the mean"
)
LEFT_OUT = (
    "spikes between cores, input and output, static power and the processors that manage the chip; "
    "for Loihi 2 no figures for single operations were published"
)


def energy(operations: Sequence[LayerOperations]) -> tuple[Energy, ...]:
    """Return the estimated energy of one sample's operations on Loihi 1."""
    synaptic = sum(layer.synaptic for layer in operations) * SYNAPTIC_OPERATION
    updates = sum(layer.neuron_updates for layer in operations)
    low, high = synaptic + updates * UPDATE_INACTIVE, synaptic + updates * UPDATE_ACTIVE
    return (Energy(LOIHI_1.name, low, high, SOURCE, LEFT_OUT),)


def latency(
    placements: Sequence[Placement], operations: Sequence[LayerOperations]
) -> tuple[Latency, ...]:
    """Return the estimated time of a step on one Loihi 1, which its busiest core decides."""
    for placed in placements:
        if placed.chip == LOIHI_1.name and placed.fits and placed.spread is None:
            low, high, core = max(
                (*_busy(core, operations), index) for index, core in enumerate(placed.cores)
            )
            times = low + BARRIER_LOW, high + BARRIER_HIGH
            return (Latency(placed.chip, *times, core, TIME_SOURCE, TIME_LEFT_OUT),)
    return ()


def _busy(core: Core, operations: Sequence[LayerOperations]) -> tuple[float, float]:
    """Return the nanoseconds that a core works in a step on average, without the barrier."""
    work = {each.layer: each for each in operations}
    low = high = 0.0
    for part in core.slices:
        if part.layer not in work:
            continue
        layer, count = work[part.layer], part.last - part.first
        # A sample's updates are one for each neuron and step; its neurons are taken as alike.
        synaptic = layer.synaptic / layer.neuron_updates * count * SYNAPTIC_TIME
        low += synaptic + count * TIME_INACTIVE
        high += synaptic + count * TIME_ACTIVE
    return low, high
