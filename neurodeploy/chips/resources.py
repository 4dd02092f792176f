"""What a network takes of a chip, and what it does there: the words that targets answer in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Use:
    """So much of something that a core has so much of; without a limit, nobody published one."""

    what: str
    used: int
    limit: int | None = None

    @property
    def share(self) -> float:
        """How much of it is taken, of 1."""
        return self.used / self.limit if self.limit else 0.0


@dataclass(frozen=True)
class Slice:
    """Some neurons of a layer, in C order: from `first` up to `last`, which is not among them."""

    layer: str
    first: int
    last: int


@dataclass(frozen=True)
class Core:
    """What lies on one core."""

    slices: tuple[Slice, ...]
    uses: tuple[Use, ...]

    @property
    def share(self) -> float:
        """How full it is: of what is scarcest."""
        return max(use.share for use in self.uses)


@dataclass(frozen=True)
class LayerNeeds:
    """What one layer of neurons asks of a chip."""

    layer: str
    neurons: int
    # The most synapses that lead to one of its neurons.
    fan_in: int
    # Connections that are not zero.
    synapses: int
    # Memory for them, as they are encoded on the cores that they were given.
    synapse_bits: int
    encoding: str
    delay: int
    message_bits: int
    cores: int


@dataclass(frozen=True)
class Placement:
    """A network on the cores of one chip, or why there is no room for it."""

    chip: str
    cores: tuple[Core, ...]
    core_limit: int
    layers: tuple[LayerNeeds, ...]
    # A layer and a sentence with the number and the limit, for each thing that does not fit.
    problems: tuple[tuple[str, str], ...] = ()
    # What is assumed where nothing was published, and where the limits come from.
    notes: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether there is room for all of it."""
        return not self.problems


@dataclass(frozen=True)
class LayerOperations:
    """What one layer of neurons did for one sample, on average."""

    layer: str
    # Spikes that reached it, each counted once for every synapse that it went through.
    synaptic: float
    neuron_updates: float
    spikes: float


@dataclass(frozen=True)
class Energy:
    """An estimate from published figures, for one sample: picojoules from `low` to `high`."""

    chip: str
    low: float
    high: float
    source: str
    left_out: str = ""


@dataclass(frozen=True)
class OnChip:
    """All that is told of a network on a target's chips."""

    placements: tuple[Placement, ...] = ()
    operations: tuple[LayerOperations, ...] = ()
    energies: tuple[Energy, ...] = ()

    @property
    def heading(self) -> str:
        """What a report calls it: not every target is a chip whose cores are known."""
        return "On the chip" if self.placements else "Operations"
