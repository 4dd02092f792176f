"""The files of a task, carried to another machine by their content."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from neurodeploy.data.files import digest_of

# The bytes of a file under the empty name, or those of a folder under their paths within it.
Content = Mapping[str, bytes]


def digest(path: Path) -> str:
    """Return the hash of a file, or of all names and files of a folder."""
    if path.is_file():
        return digest_of(path)
    lines = (f"{name} {digest_of(path / name)}\n" for name in _names(path))
    return sha256("".join(lines).encode()).hexdigest()


def content(path: Path) -> dict[str, bytes]:
    """Return the content of a file or of a folder."""
    if path.is_file():
        return {"": path.read_bytes()}
    return {name: (path / name).read_bytes() for name in _names(path)}


def unpacked(files: Content, name: str, known_as: str) -> Path:
    """Return the path of a content on this machine; it is written there once.

    `name` is the file's own, for messages and suffixes; `known_as` is its digest.
    """
    home = _folder() / known_as
    path = home / name
    if home.is_dir():
        return path
    with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
        whole = Path(scratch) / "whole"
        for inner, content in files.items():
            file = whole / name / inner if inner else whole / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        try:
            whole.rename(home)
        except OSError:
            # Another worker of this machine was first.
            if not home.is_dir():
                raise
    return path


def _folder() -> Path:
    """Return the folder of this user's parcels, which nobody else can write to."""
    folder = Path(tempfile.gettempdir()) / f"neurodeploy-parcels-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if folder.is_symlink() or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise PermissionError(f"{folder}: belongs to somebody else")
    return folder


def _names(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in paths)
