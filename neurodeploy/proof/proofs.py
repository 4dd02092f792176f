"""Proofs: the result for every layer, and for the artifact as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from neurodeploy.errors import UnknownNameError
from neurodeploy.target.steps import LateRead, SumBound


class Status(StrEnum):
    """The result of an attempt to prove a layer."""

    PROVED = "proved"
    COUNTEREXAMPLE = "counterexample"
    # No solver decided it in time, or the target does not show its step.
    NOT_PROVED = "not proved"


@dataclass(frozen=True)
class Counterexample:
    """A neuron, a state and a drive for which the files do not compute the program's step."""

    neuron: tuple[int, ...]
    states: Mapping[str, int]
    # By edge, as in "conv1" or "conv1, 2 steps late".
    drives: Mapping[str, int]
    parameters: Mapping[str, int]
    # By result, states by name and "s" for the output: the program's value and the files'.
    results: Mapping[str, tuple[int, int]]
    # The value that does not fit the files' arithmetic, if that is what is wrong.
    overflow: str = ""
    # Samples (T, 1, ...) in the user's units whose run ends in the wrong step, if they were found.
    samples: NDArray[Any] | None = None
    # Where they are stored.
    file: Path | None = None

    def sentence(self, layer: str) -> str:
        """Return the counterexample in one line."""
        index = ", ".join(map(str, self.neuron))
        states = ", ".join(f"{name} = {value}" for name, value in self.states.items())
        drives = ", ".join(f"{value} from {name}" for name, value in self.drives.items())
        where = f"{layer}: neuron ({index}) with {states or 'no state'}, driven by {drives}"
        if self.overflow:
            return f"{where}: a value overflows ({self.overflow})"
        wrong = [
            f"{'output' if name == 's' else name}: expected {expected}, got {actual}"
            for name, (expected, actual) in self.results.items()
            if expected != actual
        ]
        return f"{where}: {'; '.join(wrong)}"


@dataclass(frozen=True)
class Certificate:
    """One proved goal: its question in SMT-LIB, and who answered it how fast."""

    goal: str
    text: str
    method: str
    seconds: float


@dataclass(frozen=True)
class Proof:
    """The proof of one layer, or why there is none."""

    layer: str
    neuron: str
    status: Status
    # The states for which it holds.
    domain: str = ""
    origin: str = ""
    seconds: float = 0.0
    counterexample: Counterexample | None = None
    reason: str = ""
    certificates: tuple[Certificate, ...] = ()

    @property
    def methods(self) -> tuple[str, ...]:
        """The solvers and other methods that proved its goals."""
        return tuple(dict.fromkeys(each.method for each in self.certificates))

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        document: dict[str, Any] = {
            "layer": self.layer,
            "neuron": self.neuron,
            "status": self.status.value,
            "domain": self.domain,
            "origin": self.origin,
            "methods": list(self.methods),
            "seconds": round(self.seconds, 3),
            "reason": self.reason,
        }
        example = self.counterexample
        if example is not None:
            document["counterexample"] = {
                "neuron": list(example.neuron),
                "states": dict(example.states),
                "drives": dict(example.drives),
                "parameters": dict(example.parameters),
                "results": {
                    name: {"expected": expected, "got": actual}
                    for name, (expected, actual) in example.results.items()
                },
                "overflow": example.overflow,
                "samples": None if example.file is None else str(example.file),
            }
        return document


@dataclass(frozen=True)
class Proofs(Mapping[str, Proof]):
    """The proofs of an artifact, by layer."""

    target: str
    layers: Mapping[str, Proof]
    # By layer of weights.
    sums: Mapping[str, SumBound] = field(default_factory=dict)
    # Every value that is read late.
    late: Sequence[LateRead] = ()

    def __getitem__(self, name: str) -> Proof:
        if name not in self.layers:
            listed = ", ".join(self.layers) or "none"
            raise UnknownNameError(f"no layer {name!r} has neurons; those that do: {listed}")
        return self.layers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    @property
    def proved(self) -> bool:
        """Whether every layer is proved, no sum overflows, and late values come when they must."""
        steps = all(proof.status == Status.PROVED for proof in self.layers.values())
        fits = all(each.fits for each in self.sums.values())
        return steps and bool(self.layers) and fits and not self.wrongly_late

    @property
    def refuted(self) -> bool:
        """Whether some layer has a counterexample, or a value comes too late or too early."""
        layers = any(each.status == Status.COUNTEREXAMPLE for each in self.layers.values())
        return layers or bool(self.wrongly_late)

    @property
    def wrongly_late(self) -> list[LateRead]:
        """The values that do not come as late as in the program."""
        return [each for each in self.late if not each.right]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "target": self.target,
            "proved": self.proved,
            "layers": [proof.to_json() for proof in self.layers.values()],
            "sums": [
                {
                    "layer": name,
                    "largest": each.largest,
                    "limit": each.limit,
                    "arithmetic": each.arithmetic,
                    "fits": each.fits,
                }
                for name, each in self.sums.items()
            ],
            "late": [
                {
                    "reader": each.reader,
                    "source": each.source,
                    "delay": each.delay,
                    "actual": sorted(each.delays),
                    "right": each.right,
                }
                for each in self.late
            ],
        }
