"""An estimate of energy from published figures for single operations."""

from __future__ import annotations

from collections.abc import Sequence

from neurodeploy.chips.resources import Energy, LayerOperations
from targets.loihi.chip.chips import LOIHI_1

# Picojoules, from Table 2 of the source: the smallest of a synaptic operation, and of a neuron's
# update from inactive to active.
SYNAPTIC_OPERATION = 23.6
UPDATE_INACTIVE, UPDATE_ACTIVE = 52.0, 81.0
SOURCE = (
    "M. Davies et al., Loihi: A Neuromorphic Manycore Processor with On-Chip Learning, IEEE Micro "
    "38(1), 2018, Table 2: 23.6 pJ a synaptic operation, 52 to 81 pJ a neuron's update"
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
