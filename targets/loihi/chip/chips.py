"""The limits of the two chips, and the source of each number."""

from __future__ import annotations

from dataclasses import dataclass

# The size of a graded message, as Lava's loader assumes it.
MESSAGE_BITS = 16


@dataclass(frozen=True)
class Board:
    """Several chips on one board or in one machine."""

    name: str
    chips: int


@dataclass(frozen=True)
class Chip:
    """One chip's limits; None if none was published."""

    name: str
    cores: int
    neurons: int
    synapse_bits: int
    axons_in: int | None
    axons_out: int | None
    # Whether a kernel is stored once per core, not once per place where it is applied.
    shares_kernels: bool
    # Whether the packing of synapses is published; if not, only the bits of their weights count.
    packing_known: bool
    # The bits that a spike may carry besides its address.
    message_bits: int
    # Whether neurons are programs, and not all CUBA LIF.
    programmable: bool
    notes: tuple[str, ...]
    # The boards with several of these chips, the smallest first.
    boards: tuple[Board, ...] = ()


LOIHI_1 = Chip(
    name="Loihi 1",
    cores=128,
    neurons=1024,
    synapse_bits=16384 * 64,
    axons_in=4096,
    axons_out=4096,
    shares_kernels=False,
    packing_known=True,
    message_bits=0,
    programmable=False,
    notes=(
        "limits of a core are those that nengo-loihi 1.1.0 states and used on the chip",
        "every connection of a convolution is stored: an upper bound, since kernels may be shared",
    ),
    boards=(Board("a Nahuku board", 32), Board("Pohoiki Springs", 768)),
)

LOIHI_2 = Chip(
    name="Loihi 2",
    cores=128,
    neurons=8192,
    synapse_bits=128 * 1024 * 8,
    axons_in=None,
    axons_out=None,
    shares_kernels=True,
    packing_known=False,
    message_bits=32,
    programmable=True,
    notes=(
        "limits of a core are from Intel's technology brief on Loihi 2, as others quote it",
        "no sizes of axon tables are published: axons are counted and not limited",
        "no packing of synapses is published: weights and delays are counted, their least",
        "a kernel is counted once a core",
    ),
    boards=(Board("a board of 32 chips", 32), Board("Hala Point", 1_152)),
)

CHIPS = (LOIHI_1, LOIHI_2)
