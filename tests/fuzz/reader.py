"""A reader as the harness sees it: how it reads, and how its inputs are made."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random


@dataclass(frozen=True)
class Reader:
    """A reader of files, and what makes a changed file in a folder from a source of chance."""

    read: Callable[[Path], object]
    make: Callable[[Path, Random], Path]
    # Whether an error names the file; a reader of text has not heard of one.
    names_the_file: bool = True
    # What it says of a bad file, beside errors of ours.
    refusals: tuple[type[Exception], ...] = ()
