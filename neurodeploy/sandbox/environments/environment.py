"""The description of a simulator's environment: a Python, pinned packages, and a worker script."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from neurodeploy.errors import ValidationError
from neurodeploy.sandbox.environments.hashes import HashedRequirements, name_of, read_hashes
from neurodeploy.sandbox.environments.system import SystemPrograms

# Variables that change a Python's behaviour, redirect pip's packages or forbid our pins.
_DISTURBING = (
    *("PYTHON", "CONDA_", "VIRTUAL_ENV", "__PYVENV"),
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_CONSTRAINT"),
)
OWN_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_PIN = re.compile(r"[A-Za-z0-9._-]+(\[[A-Za-z0-9,._-]+\])?==\S+")


@dataclass(frozen=True)
class Extra:
    """The packages that a full installation adds, and its total size."""

    requirements: tuple[str, ...]
    download_mb: int
    disk_mb: int
    # Like Environment.hashes, for the whole full installation.
    hashes: Path | None = None


@dataclass(frozen=True)
class Environment:
    """A simulator's environment: one Python, pinned packages, a worker and the job that tests it.

    If `hashes` names a requirements file with the checksums of every package, only the files in it
    are installed. `requirements` are then the packages that matter.

    Raises: ValidationError for an invalid name, Python version or pin.
    """

    name: str
    title: str
    python: str
    worker: Path
    self_test: Mapping[str, object]
    requirements: tuple[str, ...] = ()
    without_dependencies: tuple[str, ...] = ()
    download_mb: int = 0
    disk_mb: int = 0
    full: Extra | None = None
    hashes: Path | None = None
    # Pythons that are used if the first one is missing.
    other_pythons: tuple[str, ...] = ()
    # Packages that are not installed, but used where they lie beside neurodeploy: it then has our
    # own Python.
    beside: tuple[str, ...] = ()
    # Of `without_dependencies`, packages that come as source: they are built here, by the tools
    # among `requirements`.
    built: tuple[str, ...] = ()
    # Programs that no package index has.
    system: SystemPrograms | None = None
    # The limit of the test, which for some compiles what it tests.
    self_test_seconds: float = 600.0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_-]*", self.name):
            raise ValidationError(
                f"{self.name!r} is not a name for an environment (use a-z, 0-9, -)"
            )
        if self.beside and self.pythons != (OWN_PYTHON,):
            raise ValidationError(
                f"{self.name}: uses packages of ours, so its Python must be {OWN_PYTHON}"
            )
        for python in self.pythons:
            if not re.fullmatch(r"3\.\d+", python):
                raise ValidationError(f"{self.name}: python is {python!r}, not like '3.10'")
        named = (*self.requirements, *(self.full.requirements if self.full else ()))
        for pin in (*named, *self.without_dependencies):
            if not _PIN.fullmatch(pin):
                raise ValidationError(
                    f"{self.name}: {pin!r} is not pinned (write package==version)"
                )
        if self.hashes:
            self._check_hashes(self.hashes, (*self.requirements, *self.without_dependencies))
        if self.full and (self.hashes is None) != (self.full.hashes is None):
            raise ValidationError(
                f"{self.name}: give hashes for the full installation too, or for neither"
            )
        if self.full and self.full.hashes:
            self._check_hashes(self.full.hashes, (*named, *self.without_dependencies))

    def _check_hashes(self, file: Path, pins: tuple[str, ...]) -> None:
        hashed = read_hashes(file).pins
        for pin in pins:
            if f"{name_of(pin)}=={pin.partition('==')[2]}" not in hashed:
                raise ValidationError(f"{self.name}: {file} has no {pin} (generate the file again)")

    @property
    def pythons(self) -> tuple[str, ...]:
        """The supported versions of Python, the preferred one first."""
        return (self.python, *self.other_pythons)

    @property
    def path(self) -> Path:
        """The folder of this environment in the user's cache, whether it exists or not."""
        return simulators_folder() / self.name

    def pins(self, *, full: bool) -> tuple[str, ...]:
        """Return the packages that are installed together with their dependencies."""
        if hashed := self.hashed(full=full):
            return hashed.without(self._apart).pins
        return self.requirements + (self.full.requirements if full and self.full else ())

    def hashed(self, *, full: bool) -> HashedRequirements | None:
        """Return every package with the checksums of its files, or None if none are known."""
        file = self.full.hashes if full and self.full else self.hashes
        return read_hashes(file) if file else None

    def hashed_apart(self, *, full: bool) -> tuple[HashedRequirements, HashedRequirements] | None:
        """Return the same, split into packages with their dependencies and packages without."""
        hashed = self.hashed(full=full)
        return (hashed.without(self._apart), hashed.only(self._apart)) if hashed else None

    @property
    def _apart(self) -> frozenset[str]:
        return frozenset(map(name_of, self.without_dependencies))

    def size_mb(self, *, full: bool) -> tuple[int, int]:
        """Return the size of an installation's download, and the disk space that it takes."""
        chosen = self.full if full and self.full else self
        return chosen.download_mb, chosen.disk_mb


def simulators_folder() -> Path:
    """Return the folder of all environments: in the user's cache, or in NEURODEPLOY_CACHE."""
    chosen = os.environ.get("NEURODEPLOY_CACHE")
    cache = (
        Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("neurodeploy"))
    )
    return cache.absolute() / "simulators"


def interpreter_in(folder: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    windows = sys.platform == "win32"
    return folder / ("Scripts/python.exe" if windows else "bin/python")


def clean_environment(**changes: str) -> dict[str, str]:
    """Return our environment variables without those through which one Python disturbs another."""
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith(_DISTURBING)
    }
    return variables | changes
