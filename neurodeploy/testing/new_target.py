"""A package for your own target, from a template that passes the conformance kit."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path

from neurodeploy.data.files import write_folder_atomically
from neurodeploy.errors import OutputError, ValidationError
from neurodeploy.target import GROUP

# The names in the template, as its files and folders contain them.
_NAME, _CLASS = "mychip", "Mychip"
# A Python file of the template is not a module of ours.
_SUFFIX = ".txt"


def write_package(name: str, folder: Path) -> tuple[str, ...]:
    """Write a package for a target of that name, whole or not at all, and return its files.

    Raises:
        ValidationError: if the name cannot be a package's, or is taken.
        OutputError: if the folder exists, or cannot be written.
    """
    check_name(name)
    if folder.exists() or folder.is_symlink():
        raise OutputError(f"{folder}: exists already", remedy="choose another folder, with -o DIR")
    written = package_files(name)
    # A folder that appears in the meantime is not replaced.
    write_folder_atomically(folder, written, ours=lambda _: False)
    return tuple(written)


def check_name(name: str) -> None:
    """Check that a package and a target can have this name.

    Raises:
        ValidationError: otherwise, with the reason.
    """
    plain = name.isascii() and name.isidentifier() and name == name.lower() and name[0] != "_"
    if not plain or iskeyword(name) or len(name) > 64:
        raise ValidationError(
            f"{name!r:.80} is not a name for a Python package",
            remedy="use small letters, digits and _, a letter first, such as mychip",
        )
    if name in {entry.name for entry in entry_points(group=GROUP)}:
        raise ValidationError(f"a target {name} is installed already", remedy="choose another name")
    spec = find_spec(name)
    # A folder of that name in the current directory is not yet a package.
    if name in sys.stdlib_module_names or (spec is not None and spec.origin is not None):
        raise ValidationError(f"a package {name} exists already", remedy="choose another name")


def package_files(name: str) -> dict[str, bytes]:
    """Return the package's files by their paths."""
    words = name.split("_")
    title = "".join(word.capitalize() for word in words)
    return {
        path.replace(_NAME, name).removesuffix(_SUFFIX): (
            text.replace(_NAME, name).replace(_CLASS, title).encode()
        )
        for path, text in _template()
    }


def _template() -> Iterator[tuple[str, str]]:
    yield from _texts(files("neurodeploy.testing") / "template", "")


def _texts(folder: Traversable, path: str) -> Iterator[tuple[str, str]]:
    for each in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if each.is_dir():
            yield from _texts(each, f"{path}{each.name}/")
        elif each.name.endswith(_SUFFIX):
            yield f"{path}{each.name}", each.read_text("utf-8")
