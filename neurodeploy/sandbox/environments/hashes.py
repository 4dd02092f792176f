"""Requirements files with the checksums of every file that may be installed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from neurodeploy.errors import ValidationError

_ENTRY = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?P<more>.*)")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class HashedRequirements:
    """The entries of such a file by package name; a package has one entry per platform."""

    entries: Mapping[str, tuple[str, ...]]

    def only(self, names: frozenset[str]) -> "HashedRequirements":
        """Return only the entries of these packages."""
        return HashedRequirements({name: self.entries[name] for name in sorted(names)})

    def without(self, names: frozenset[str]) -> "HashedRequirements":
        """Return the entries of all other packages."""
        return self.only(frozenset(self.entries) - names)

    @property
    def pins(self) -> tuple[str, ...]:
        """Every package with its version, as package==version."""
        lines = [line for entry in self.entries.values() for line in entry]
        return tuple(sorted({line.split()[0] for line in lines}))

    @property
    def text(self) -> str:
        """The content of the file for pip."""
        return "".join(f"{line}\n" for entry in self.entries.values() for line in entry)

    @property
    def checksum(self) -> str:
        """A checksum that changes with any package, version or file."""
        return sha256(self.text.encode()).hexdigest()


def name_of(pin: str) -> str:
    """Return the name of a pin's package, spelled as indexes compare names."""
    return re.sub(r"[-_.]+", "-", re.split(r"[=\[;\s]", pin, maxsplit=1)[0]).lower()


@lru_cache
def read_hashes(path: Path) -> HashedRequirements:
    """Read such a file.

    Raises: ValidationError if it is missing, or an entry is not pinned or has no checksum.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValidationError(f"{path}: cannot be read: {error.strerror}") from error
    entries: dict[str, tuple[str, ...]] = {}
    for raw in text.replace("\\\n", " ").splitlines():
        line = " ".join(raw.split())
        if not line or line.startswith("#"):
            continue
        entry = _ENTRY.fullmatch(line)
        if entry is None or not _HASH.search(entry["more"]):
            raise ValidationError(
                f"{path}: {line[:60]!r} is not pinned with its checksums "
                "(write package==version --hash=sha256:...; uv pip compile --generate-hashes does)"
            )
        name = name_of(entry["name"])
        entries[name] = (*entries.get(name, ()), line)
    return HashedRequirements(dict(sorted(entries.items())))
