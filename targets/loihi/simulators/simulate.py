"""Runs of `.net` files in Lava, Intel's simulator of Loihi, inside its sandbox."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurodeploy.errors import SamplesError
from neurodeploy.sandbox import Call, Environment, Extra, Limits, WorkerResult, run_many
from targets.loihi.chip.format import FRACTION

_REQUIREMENTS = Path(__file__).with_name("requirements")

# lava-dl requires torch, but a network of LIF neurons in netx does not use it.
LAVA = Environment(
    name="lava",
    title="Lava 0.10.0 with lava-dl 0.6.0",
    python="3.10",
    worker=Path(__file__).with_name("worker.py"),
    self_test={"self_test": True},
    requirements=("lava-nc==0.10.0",),
    without_dependencies=("lava-dl==0.6.0",),
    download_mb=150,
    disk_mb=470,
    full=Extra(
        requirements=(
            "torch==2.3.1",
            "torchvision==0.18.1",
        ),
        download_mb=3100,
        disk_mb=5850,
        hashes=_REQUIREMENTS / "lava-full.txt",
    ),
    hashes=_REQUIREMENTS / "lava.txt",
)

Layers = list[dict[str, np.ndarray]]


@dataclass(frozen=True)
class LavaRun:
    """One `.net` file and samples (T, N, ...): spikes, or currents if layer 0 is input neurons.

    Raises: SamplesError for samples that are empty, not integers, or beyond 32 bits.
    """

    net: bytes
    samples: np.ndarray
    # Bits of the input values (0: spikes), and of the fraction of graded messages.
    message_bits: int = 0
    spike_exp: int = FRACTION
    # The number that the host adds to the voltage of input neurons.
    input_bias: int = 0

    def __post_init__(self) -> None:
        samples = self.samples
        if samples.ndim < 3 or 0 in samples.shape:
            raise SamplesError(f"samples for Lava are (T, N, ...) and not empty: {samples.shape}")
        if samples.dtype.kind not in "bui":
            raise SamplesError(f"samples for Lava are integers, not {samples.dtype}")
        low, high = int(samples.min()), int(samples.max())
        if low < -(2**31) or high >= 2**31:
            raise SamplesError(f"samples for Lava fit 32 bits, and these go from {low} to {high}")


@dataclass(frozen=True)
class _Piece:
    """Some samples of one run, for one network of a worker's job."""

    index: int
    run: LavaRun
    samples: np.ndarray

    @property
    def steps(self) -> int:
        """The number of steps that Lava simulates, without the filling of its pipeline."""
        steps, count = self.samples.shape[:2]
        return int(steps * count)


def run_lava(
    runs: Sequence[LavaRun],
    *,
    limits: Limits | None = None,
    jobs: int = 1,
    progress: Callable[[str], None] | None = None,
) -> list[Layers]:
    """Simulate each run; return s, u and v of its neuron layers, (T, N, ...) in torch's order.

    Row t of a layer answers input t. The limits hold for each of the `jobs` workers.

    Raises: SimulatorMissingError if Lava is not installed, SimulatorError if a worker fails.
    """
    if not runs:
        return []
    ways = math.ceil(jobs / len(runs))
    pieces = [piece for index, run in enumerate(runs) for piece in _split(index, run, ways)]
    shares = _shares(pieces, jobs)
    calls = [_call(share, limits) for share in shares]
    parts: list[list[Layers]] = [[] for _ in runs]
    for share, result in zip(
        shares, run_many(LAVA, calls, jobs=jobs, progress=progress), strict=True
    ):
        for index, piece in enumerate(share):
            parts[piece.index].append(_layers(result, index))
    return [_joined(each) for each in parts]


def _split(index: int, run: LavaRun, ways: int) -> list[_Piece]:
    """Split one run by its samples, which are independent of one another."""
    count = min(ways, run.samples.shape[1])
    parts = np.array_split(run.samples, count, axis=1)
    return [_Piece(index, run, part) for part in parts]


def _shares(pieces: Sequence[_Piece], jobs: int) -> list[list[_Piece]]:
    """Return the pieces dealt to `jobs` workers, in order, each with about as many steps."""
    total = sum(piece.steps for piece in pieces)
    shares: list[list[_Piece]] = [[] for _ in range(min(jobs, len(pieces)))]
    done = 0
    for piece in pieces:
        shares[(done + piece.steps // 2) * len(shares) // total].append(piece)
        done += piece.steps
    return [share for share in shares if share]


def _call(pieces: Sequence[_Piece], limits: Limits | None) -> Call:
    arrays: dict[str, np.ndarray] = {}
    networks = []
    for index, piece in enumerate(pieces):
        net, samples = f"net{index}", f"samples{index}"
        arrays[net] = np.frombuffer(piece.run.net, np.uint8)
        arrays[samples] = piece.samples.astype(np.int32)
        names = ("message_bits", "spike_exp", "input_bias")
        options = {name: getattr(piece.run, name) for name in names}
        networks.append({"net": net, "samples": samples, **options})
    return Call({"networks": networks}, arrays, limits or _generous(pieces))


def _generous(pieces: Sequence[_Piece]) -> Limits:
    """Return limits that only a simulation which hangs, or runs away, can reach."""
    seconds, memory = 60.0, 4096.0
    for piece in pieces:
        seconds += 20 + piece.steps * (0.5 + len(piece.run.net) / 4e6)
        memory += len(piece.run.net) * 40e-6 + piece.samples.size * 24e-6
    return Limits(seconds, memory)


def _layers(result: WorkerResult, index: int) -> Layers:
    """Return the arrays of one network, layer by layer."""
    layers: Layers = []
    while (prefix := f"network{index}.layer{len(layers)}") + ".s" in result.arrays:
        shown = [name for name in result.arrays if name.startswith(f"{prefix}.")]
        layers.append({name.rpartition(".")[2]: result.arrays[name] for name in shown})
    return layers


def _joined(parts: Sequence[Layers]) -> Layers:
    """Return the layers of one run from those of its pieces."""
    if len(parts) == 1:
        return parts[0]
    return [
        {state: np.concatenate([layer[state] for layer in same], axis=1) for state in same[0]}
        for same in zip(*parts, strict=True)
    ]
