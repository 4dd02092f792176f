"""Targets: what a chip or a format can take, and four pure functions; found by entry points."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from neurodeploy.artifact import Artifact, read_folder, unreadable
from neurodeploy.errors import (
    ArtifactError,
    DoesNotFitError,
    NeurodeployError,
    UnknownNameError,
    ValidationError,
)
from neurodeploy.graph import Graph
from neurodeploy.plugin import guarded
from neurodeploy.program import Program
from neurodeploy.reading import read_regular
from neurodeploy.resources import Energy, LayerOperations, OnChip, Placement
from neurodeploy.sandbox import Environment, Limits
from neurodeploy.trace import Trace

GROUP = "neurodeploy.targets"


class Severity(StrEnum):
    """Whether a finding stops an export."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """Something that a target cannot take, or that a user should know."""

    severity: Severity
    node: str
    message: str
    remedy: str | None = None

    def __str__(self) -> str:
        remedy = f" ({self.remedy})" if self.remedy else ""
        return f"{self.node}: {self.message}{remedy}"


@dataclass(frozen=True)
class Option:
    """A choice that an export leaves to the user; its type is that of what holds by default."""

    meaning: str
    default: str | int | bool
    choices: tuple[str, ...] = ()

    def value(self, name: str, given: Any) -> str | int | bool:
        """What is given, as words or as a value, in the option's type.

        Raises:
            ValidationError: if it is none of the choices, or of another type.
        """
        value = given
        if isinstance(given, str) and not isinstance(self.default, str):
            words = {"true": True, "yes": True, "false": False, "no": False}
            whole = int(given) if given.isascii() and given.isdigit() else given
            value = words.get(given.lower(), given) if isinstance(self.default, bool) else whole
        if type(value) is not type(self.default) or (self.choices and value not in self.choices):
            kinds = {bool: "yes or no", int: "a whole number", str: "a word"}
            wanted = " or ".join(self.choices) or kinds[type(self.default)]
            raise ValidationError(f"option {name}: {given!r} is not {wanted}")
        checked: str | int | bool = value
        return checked


@dataclass(frozen=True)
class Capabilities:
    """A target's static facts."""

    title: str
    layers: tuple[str, ...]
    neurons: tuple[str, ...]
    limits: Mapping[str, str] = field(default_factory=dict)
    # Endings of the vendor's own files, which are taken wherever an artifact is.
    suffixes: tuple[str, ...] = ()
    exact: bool = True
    # What an export leaves to the user; `compile` takes these as keywords and no others.
    options: Mapping[str, Option] = field(default_factory=dict)


@dataclass(frozen=True)
class BuiltIn:
    """A simulator that is the target's own code: there is nothing to install."""

    name: str
    title: str


@dataclass(frozen=True)
class Simulation:
    """How a simulator is run."""

    limits: Limits | None = None
    jobs: int = 1
    progress: Callable[[str], None] | None = None


@runtime_checkable
class Target(Protocol):
    """What a package that adds a chip or a format provides under the entry-point group."""

    name: str
    capabilities: Capabilities
    # The simulators that run this target's artifacts: the first by default (ChoosesSimulators).
    simulators: Mapping[str, Environment | BuiltIn]

    def check(self, program: Program) -> tuple[Finding, ...]:
        """What the target cannot take of the program, or would change; empty if nothing."""

    def compile(self, program: Program, **options: Any) -> Artifact:
        """The artifact of a program that `check` accepts; a target without options takes none."""

    def read(self, artifact: Artifact) -> Program:
        """The program that an artifact's files hold, also one that we did not write."""

    def simulate(
        self,
        artifact: Artifact,
        samples: NDArray[Any],
        *,
        simulator: str | None = None,
        simulation: Simulation | None = None,
    ) -> Trace:
        """What a vendor's simulator makes of the samples (T, N, ...)."""


@runtime_checkable
class ChoosesSimulators(Protocol):
    """What a target may provide beside, where several simulators run unless one is named."""

    @property
    def default_simulators(self) -> tuple[str, ...]:
        """The simulators that verify runs when none is named; all of them can run here."""


@runtime_checkable
class ComparesRuns(Protocol):
    """What a target may provide beside, if a simulator of its cannot run samples as they come."""

    def compared_runs(
        self,
        artifact: Artifact,
        program: Program,
        samples: NDArray[Any],
        golden: Trace,
        *,
        simulator: str,
        simulation: Simulation,
    ) -> tuple[Trace, Trace]:
        """Return the golden trace and the simulator's trace of a run that the simulator can make.

        That is the run of the samples wherever it can make it; else one of as many steps as the
        simulator has, or of layers alone.
        """


@runtime_checkable
class ComparesFiles(Protocol):
    """What a target may provide beside, to say in its format's words how two files differ."""

    def file_difference(self, name: str, expected: bytes, found: bytes) -> str | None:
        """Return where two files differ; nothing if whoever loads them reads the same."""


@runtime_checkable
class KnowsChips(Protocol):
    """What a target may provide beside, where resources of its chips are known."""

    def placements(self, program: Program) -> tuple[Placement, ...]:
        """The program on the cores of each chip, or why there is no room."""

    def energies(self, operations: Sequence[LayerOperations]) -> tuple[Energy, ...]:
        """What the operations of one sample may take, by published figures."""


def on_chip(
    known: Target, program: Program, operations: tuple[LayerOperations, ...] = ()
) -> OnChip:
    """What the target knows of the program on its chips; no energy of a chip without room."""
    if not isinstance(known, KnowsChips):
        return OnChip(operations=operations)
    placements = known.placements(program)
    full = {placed.chip for placed in placements if not placed.fits}
    energies = known.energies(operations) if operations else ()
    return OnChip(placements, operations, tuple(e for e in energies if e.chip not in full))


@runtime_checkable
class TakesFloats(Protocol):
    """What a target provides beside, if it takes networks that are not quantized."""

    def check_graph(self, graph: Graph) -> tuple[Finding, ...]:
        """What the target cannot take of a network in floats."""

    def compile_graph(self, graph: Graph, **options: Any) -> Artifact:
        """The artifact of a network in floats, marked as not exact."""

    def holds_floats(self, artifact: Artifact) -> bool:
        """Whether an artifact holds a network in floats."""

    def read_graph(self, artifact: Artifact) -> Graph:
        """The network in floats that an artifact's files hold."""


@lru_cache(maxsize=1)
def targets() -> Mapping[str, Target]:
    """Every target that is installed, by name; a broken one is a warning that names it.

    What a third party's raises by mistake is a `PluginError` that names its package.
    """
    found: dict[str, Target] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        try:
            loaded = guarded(entry.load(), entry)
        # A third party's package may raise anything, and even leave.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            warnings.warn(f"target {entry.name} is broken: {error!r}", stacklevel=2)
            continue
        if isinstance(loaded, Target):
            found[entry.name] = loaded
        else:
            warnings.warn(f"target {entry.name} is broken: it is no Target", stacklevel=2)
    return found


def target(name: str) -> Target:
    """The target of that name.

    Raises:
        UnknownNameError: if it is not installed; lists those that are.
    """
    known = targets()
    if name not in known:
        listed = ", ".join(known) or "none"
        raise UnknownNameError(f"no target {name!r} is installed; there are: {listed}")
    return known[name]


def checked_options(chip: Target, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are given, each in its type.

    Raises:
        ValidationError: if the target has none of that name, or a value does not fit.
    """
    known = chip.capabilities.options
    for name in given:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise ValidationError(f"{chip.name} has no option {name!r}; there are: {listed}")
    return {name: known[name].value(name, value) for name, value in given.items()}


def open_artifact(path: str | os.PathLike[str]) -> Artifact:
    """The artifact at a place: a folder of ours, or a bare file in a vendor's format.

    Raises:
        ArtifactError: if there is none, or no target knows the file's format.
    """
    place = Path(path)
    if place.is_dir():
        return read_folder(place)
    if not place.exists():
        raise ArtifactError(
            f"{place}: there is no such file or folder", remedy="name one that is there"
        )
    for name, known in targets().items():
        if place.suffix.lower() in known.capabilities.suffixes:
            return Artifact(name, {place.name: _content(place)}, path=place)
    suffixes = sorted(s for known in targets().values() for s in known.capabilities.suffixes)
    raise ArtifactError(
        f"{place}: is in no format that is known; those are: {', '.join(suffixes) or 'none'}",
        remedy="name an artifact's folder, or a vendor's file by its usual ending",
    )


@contextmanager
def naming(artifact: Artifact) -> Iterator[None]:
    """Read an artifact in a block: an error names it, and says what to do about it."""
    try:
        yield
    except NeurodeployError as error:
        place = artifact.path
        if place is not None and not error.message.startswith((str(place), place.name)):
            error.message = f"{place}: {error.message}"
        if error.remedy is None:
            error.remedy = "export the model again, or ask for the file where it was made"
        raise


def _content(place: Path) -> bytes:
    try:
        # A link that somebody names is meant; one within an artifact is not.
        return read_regular(place)
    except OSError as error:
        raise unreadable(place, error) from error


def require_fits(name: str, findings: tuple[Finding, ...]) -> None:
    """Nothing if no finding is an error.

    Raises:
        DoesNotFitError: otherwise; lists every error with its remedy.
    """
    errors = [str(finding) for finding in findings if finding.severity == Severity.ERROR]
    if errors:
        head = f"the network does not fit {name}"
        raise DoesNotFitError("\n  ".join([f"{head}: {errors[0]}", *errors[1:]]))


def random_samples(
    program: Program, steps: int, count: int, rate: float, seed: int
) -> NDArray[np.int64]:
    """Seeded samples of a program's input: spikes of that rate, or currents of that density."""
    from neurodeploy.program import Signal

    generator = np.random.default_rng(seed)
    shape = (steps, count, *program.input.shape)
    active = generator.random(shape) < rate
    if program.input.signal == Signal.SPIKES:
        return active.astype(np.int64)
    return np.where(active, generator.integers(-64, 256, shape), 0)
