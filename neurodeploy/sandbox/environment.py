"""What a vendor's simulator needs: a Python, pinned packages, and the script that runs inside."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from neurodeploy.errors import ValidationError

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


@dataclass(frozen=True)
class Environment:
    """A simulator's environment: one Python, pinned packages, a worker and the job that tests it.

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

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_-]*", self.name):
            raise ValidationError(f"{self.name!r} is no name for an environment (use a-z, 0-9, -)")
        if not re.fullmatch(r"3\.\d+", self.python):
            raise ValidationError(f"{self.name}: python is {self.python!r}, not like '3.10'")
        for pin in (*self.pins(full=True), *self.without_dependencies):
            if not _PIN.fullmatch(pin):
                raise ValidationError(
                    f"{self.name}: {pin!r} is not pinned (write package==version)"
                )

    @property
    def path(self) -> Path:
        """The folder in the user's cache where this environment is, or would be."""
        return simulators_folder() / self.name

    def pins(self, *, full: bool) -> tuple[str, ...]:
        """The packages that are installed with what they depend on."""
        return self.requirements + (self.full.requirements if full and self.full else ())

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
