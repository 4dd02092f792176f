"""The resources and operations of a network on a chip: the data in which targets answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Use:
    """How much of a core's resource is used; the limit is None if nobody published one."""

    what: str
    used: int
    limit: int | None = None

    @property
    def share(self) -> float:
        """The used share, from 0 to 1."""
        return self.used / self.limit if self.limit else 0.0


@dataclass(frozen=True)
class Slice:
    """Some neurons of a layer in C order, from `first` up to but not including `last`."""

    layer: str
    first: int
    last: int


@dataclass(frozen=True)
class Core:
    """The content of one core."""

    slices: tuple[Slice, ...]
    uses: tuple[Use, ...]

    @property
    def share(self) -> float:
        """The share of the scarcest resource."""
        return max(use.share for use in self.uses)


@dataclass(frozen=True)
class LayerNeeds:
    """The needs of one layer of neurons on a chip."""

    layer: str
    neurons: int
    # The largest number of synapses that lead to one of its neurons.
    fan_in: int
    # Connections that are not zero.
    synapses: int
    # The memory for them, as they are encoded on their cores.
    synapse_bits: int
    encoding: str
    delay: int
    message_bits: int
    cores: int


@dataclass(frozen=True)
class Spread:
    """The cores of a network on several chips of a board."""

    board: str
    # The chips of the board, and the chip of each core.
    chips: int
    chip_of: tuple[int, ...]
    # Axons between cores, and those of them that lead to another chip.
    axons: int
    across: int
    # Spikes that another chip receives, each counted once a core, for one sample.
    spikes: float | None = None
    # On a grid of chips, the row and column of each, and the mean way of the axons that cross.
    places: tuple[tuple[int, int], ...] = ()
    hops: float = 0.0

    @property
    def used(self) -> int:
        """The number of chips that hold a core."""
        return len(set(self.chip_of))


@dataclass(frozen=True)
class Placement:
    """A network on the cores of a chip, or of several chips of a board, or why it does not fit."""

    chip: str
    cores: tuple[Core, ...]
    core_limit: int
    layers: tuple[LayerNeeds, ...]
    # For each thing that does not fit: a layer, and a sentence with the number and the limit.
    problems: tuple[tuple[str, str], ...] = ()
    # Assumptions where nothing was published, and the sources of the limits.
    notes: tuple[str, ...] = ()
    # The chips, if the network needs more than one.
    spread: Spread | None = None

    @property
    def fits(self) -> bool:
        """Whether the whole network fits."""
        return not self.problems


@dataclass(frozen=True)
class Synthesis:
    """A network on a programmable part, as synthesis, place and route report it."""

    part: str
    title: str
    uses: tuple[Use, ...]
    # None if the network does not fit.
    clock_mhz: float | None
    # Of each step of a short run; none if no simulator is there to count them.
    cycles: tuple[int, ...]
    tools: tuple[str, ...]
    problem: str = ""

    @property
    def cycles_a_step(self) -> float:
        """The mean of the steps' cycles."""
        return sum(self.cycles) / len(self.cycles) if self.cycles else 0.0

    def microseconds(self, steps: int) -> float | None:
        """Return how long so many steps take at the reported clock."""
        if self.clock_mhz is None or not self.cycles:
            return None
        return steps * self.cycles_a_step / self.clock_mhz


@dataclass(frozen=True)
class Emulation:
    """A network on an emulated processor, as compiled for it."""

    processor: str
    title: str
    # Bytes: the network's numbers and code; its state; the deepest stack.
    flash: int
    ram: int
    stack: int
    # Of all steps of a short run.
    instructions: int
    steps: int
    tools: tuple[str, ...]

    @property
    def instructions_a_step(self) -> float:
        """The mean of the steps' instructions."""
        return self.instructions / self.steps


@dataclass(frozen=True)
class LayerOperations:
    """The operations of one layer of neurons for one sample, on average."""

    layer: str
    # Spikes that reached it, each counted once per synapse that it went through.
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
class Latency:
    """An estimate from published figures, for one step: nanoseconds from `low` to `high`."""

    chip: str
    low: float
    high: float
    # The core that takes longest.
    core: int
    source: str
    left_out: str = ""


@dataclass(frozen=True)
class NeuroBench:
    """A network's static metrics, and those of its samples."""

    # Weights, and the bytes that they take as they are stored here: one, two, four or eight each.
    weights: int
    footprint: int
    connection_sparsity: float
    activation_sparsity: float
    effective_acs: float
    effective_macs: float
    dense: float
    membrane_updates: float


@dataclass(frozen=True)
class OnChip:
    """A network on a target's chips: placements, operations and energy."""

    placements: tuple[Placement, ...] = ()
    operations: tuple[LayerOperations, ...] = ()
    energies: tuple[Energy, ...] = ()
    # Those of NeuroBench, if there were samples.
    metrics: NeuroBench | None = None
    latencies: tuple[Latency, ...] = ()

    @property
    def heading(self) -> str:
        """The heading in a report: not every target is a chip with known cores."""
        return "On the chip" if self.placements else "Operations"
