"""The limits of a chip and of a grid of chips, from paicorelib 1.5.1 (`hw_defs.py`).

Only cores of the "offline" kind in their mode for spikes are counted here.
"""

from __future__ import annotations

NAME = "PAICORE"
# Chips have addresses of five bits for each direction.
GRID = (32, 32)
# Of 32 x 32 cores, 16 are those that learn.
CORES = 1008
# A core's memory: rows that sum spikes, and the values that a row reads, one bit of weight each.
DENDRITES = 512
AXONS = 1152
# A neuron may join up to 2**6 rows, to read so many times more values.
MOST_EXTENSION = 6
# A spike goes to 2**n cores at once, which lie on one chip.
LARGEST_GROUP = 512
# The widths of a weight; a wider one takes a row for each bit.
WEIGHT_BITS = (1, 2, 4, 8)

NOTES = (
    "limits are those of paicorelib 1.5.1, for offline cores in their mode for spikes",
    "a neuron sends to one group of cores: for each further group it has a copy",
    "a group takes 2**n cores of one chip, of which some may stay empty",
)
