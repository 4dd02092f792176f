"""A reader as the harness sees it: its function, and one that writes its inputs."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random


@dataclass(frozen=True)
class Reader:
    """A reader of files, and a function that writes a randomly changed file into a folder."""

    read: Callable[[Path], object]
    make: Callable[[Path, Random], Path]
    # Whether an error names the file; a reader of text knows no file.
    names_the_file: bool = True
    # Errors that refuse a bad file, beside our own.
    refusals: tuple[type[Exception], ...] = ()
