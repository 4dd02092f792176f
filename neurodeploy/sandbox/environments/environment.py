"""What a vendor's simulator needs: a Python, pinned packages, and the script that runs inside."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from neurodeploy.errors import ValidationError
from neurodeploy.sandbox.environments.hashes import HashedRequirements, name_of, read_hashes

# what bends a Python, and what sends pip's packages elsewhere or forbids our pins
_DISTURBING = (
    *("PYTHON", "CONDA_", "VIRTUAL_ENV", "__PYVENV"),
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_CONSTRAINT"),
)
_PIN = re.compile(r"[A-Za-z0-9._-]+(\[[A-Za-z0-9,._-]+\])?==\S+")


@dataclass(frozen=True)
class Extra:
    """What a full installation adds, and what it then takes in all."""

    requirements: tuple[str, ...]
    download_mb: int
    disk_mb: int
    # As Environment.hashes, and of the whole full installation.
    hashes: Path | None = None


@dataclass(frozen=True)
class Environment:
    """A simulator's environment: one Python, pinned packages, a worker and the job that tests it.

    Where `hashes` names a requirements file with the checksums of every package, nothing but the
    files that it knows is installed. `requirements` then are the packages that matter.

    Raises: ValidationError for a name, a Python version or a pin that cannot mean what it should.
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
    # Pythons that do as well, where there is none of the first.
    other_pythons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_-]*", self.name):
            raise ValidationError(f"{self.name!r} is no name for an environment (use a-z, 0-9, -)")
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
            raise ValidationError(f"{self.name}: hashes are for the full installation too, or none")
        if self.full and self.full.hashes:
            self._check_hashes(self.full.hashes, (*named, *self.without_dependencies))

    def _check_hashes(self, file: Path, pins: tuple[str, ...]) -> None:
        known = read_hashes(file).pins
        for pin in pins:
            if f"{name_of(pin)}=={pin.partition('==')[2]}" not in known:
                raise ValidationError(f"{self.name}: {file} has no {pin} (make it anew)")

    @property
    def pythons(self) -> tuple[str, ...]:
        """The versions of Python that do, the best first."""
        return (self.python, *self.other_pythons)

    @property
    def path(self) -> Path:
        """The folder in the user's cache where this environment is, or would be."""
        return simulators_folder() / self.name

    def pins(self, *, full: bool) -> tuple[str, ...]:
        """The packages that are installed with what they depend on."""
        if hashed := self.hashed(full=full):
            return hashed.without(self._apart).pins
        return self.requirements + (self.full.requirements if full and self.full else ())

    def hashed(self, *, full: bool) -> HashedRequirements | None:
        """Every package with the checksums of its files; nothing where none are known."""
        file = self.full.hashes if full and self.full else self.hashes
        return read_hashes(file) if file else None

    def hashed_apart(self, *, full: bool) -> tuple[HashedRequirements, HashedRequirements] | None:
        """The same, as those with what they depend on, and those without."""
        hashed = self.hashed(full=full)
        return (hashed.without(self._apart), hashed.only(self._apart)) if hashed else None

    @property
    def _apart(self) -> frozenset[str]:
        return frozenset(map(name_of, self.without_dependencies))

    def size_mb(self, *, full: bool) -> tuple[int, int]:
        """How much an installation downloads, and how much of the disk it takes."""
        chosen = self.full if full and self.full else self
        return chosen.download_mb, chosen.disk_mb


def simulators_folder() -> Path:
    """Where environments live: the user's cache, or the folder that NEURODEPLOY_CACHE names."""
    chosen = os.environ.get("NEURODEPLOY_CACHE")
    cache = (
        Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("neurodeploy"))
    )
    return cache.absolute() / "simulators"


def interpreter_in(folder: Path) -> Path:
    """The interpreter of a virtual environment."""
    windows = sys.platform == "win32"
    return folder / ("Scripts/python.exe" if windows else "bin/python")


def clean_environment(**changes: str) -> dict[str, str]:
    """Our environment variables, without those through which one Python disturbs another."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_DISTURBING)}
    return kept | changes
