"""Programs of the operating system that a simulator needs: those on PATH, or Debian's packages.

Packages are downloaded by apt-get, which checks their signatures, and unpacked into the
environment: nothing is installed into the system, and nobody needs to be root.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from neurodeploy.errors import SimulatorError, SimulatorMissingError

FOLDER = "system"


@dataclass(frozen=True)
class SystemPrograms:
    """Programs that are looked for on PATH, and the packages that hold them."""

    programs: tuple[str, ...]
    packages: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """The programs that PATH does not have."""
        return tuple(name for name in self.programs if not shutil.which(name))


def missing_in(system: SystemPrograms, venv: Path) -> tuple[str, ...]:
    """Return the programs that neither PATH nor an environment has."""
    folder = venv / FOLDER / "usr" / "bin"
    return tuple(name for name in system.missing if not (folder / name).exists())


def unpack(
    title: str, system: SystemPrograms, folder: Path, venv: Path, step: Callable[..., str]
) -> None:
    """Unpack the packages of programs that PATH lacks into an environment.

    `step` runs one command in `folder`.

    Raises:
        SimulatorMissingError: if this system has no apt-get, or it cannot download them.
        SimulatorError: if a package is damaged.
    """
    if not system.missing:
        return
    names = " ".join(system.packages)
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise SimulatorMissingError(
            f"{title} needs {', '.join(system.missing)}, which this system does not have",
            remedy=f"install {names} with the system's own packages, then install this again",
        )
    packages = folder / "packages"
    packages.mkdir()
    try:
        _download(system, packages, step)
    except SimulatorError as error:
        raise SimulatorMissingError(
            f"{title} needs {', '.join(system.missing)}, and apt-get cannot download {names}",
            remedy=f"install {names} with the system's own packages, then install this again",
            log=error.log,
        ) from error
    for package in sorted(packages.glob("*.deb")):
        step("dpkg", "-x", str(package), str(venv / FOLDER))


def _download(system: SystemPrograms, packages: Path, step: Callable[..., str]) -> None:
    """Fetch packages by the system's own lists, or by new ones that are kept apart.

    Raises:
        SimulatorError: if neither has them.
    """
    download = f'cd "$1" && apt-get $2 download {" ".join(system.packages)}'
    try:
        step("sh", "-c", download, "sh", str(packages), "")
    except SimulatorError:
        lists = packages / "lists"
        (lists / "partial").mkdir(parents=True)
        own = f"-oDir::State::Lists={lists}"
        step("apt-get", own, "update")
        step("sh", "-c", download, "sh", str(packages), own)
