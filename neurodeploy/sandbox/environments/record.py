"""The record that an installation writes about itself."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

_FILE = "environment.json"


@dataclass(frozen=True)
class Record:
    """The pins that were installed, the resulting packages, and the Python."""

    requirements: tuple[str, ...]
    without_dependencies: tuple[str, ...]
    full: bool
    python: str
    packages: Mapping[str, str]
    size_mb: int
    installed: str
    # The checksum of all installable files; empty for an installation without checksums.
    hashes: str = ""

    def write(self, venv: Path) -> None:
        """Write the record into the environment."""
        text = json.dumps(asdict(self), indent=2, sort_keys=True)
        (venv / _FILE).write_text(text + "\n", encoding="utf-8")


def read_record(venv: Path) -> Record:
    """Read the record of an environment.

    Raises: FileNotFoundError, ValueError.
    """
    text = (venv / _FILE).read_text(encoding="utf-8")
    try:
        data = json.loads(text)
        return Record(
            requirements=tuple(map(str, data["requirements"])),
            without_dependencies=tuple(map(str, data["without_dependencies"])),
            full=bool(data["full"]),
            python=str(data["python"]),
            packages={str(name): str(version) for name, version in data["packages"].items()},
            size_mb=int(data["size_mb"]),
            installed=str(data["installed"]),
            hashes=str(data.get("hashes", "")),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{venv / _FILE}: {type(error).__name__}: {error}") from error
