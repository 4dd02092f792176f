"""Folders that are gone afterwards, or when the next one is made."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from neurodeploy.errors import OutputError
from neurodeploy.sandbox.process.interrupts import interrupts_deferred
from snncore.scratch import Scratch, claim, sweep

# Sockets lie some 47 characters below, and a socket's path must stay under 104.
_LONGEST_BASE = 56
_SHORT_BASE = "/tmp"
_PREFIX = "nd-"


def _base() -> str:
    """Where temporary files go, or a shorter place if sockets could have no name there."""
    usual = tempfile.gettempdir()
    short = len(usual) <= _LONGEST_BASE or not os.access(_SHORT_BASE, os.W_OK | os.X_OK)
    return usual if short else _SHORT_BASE


@contextmanager
def private_folder() -> Iterator[Path]:
    """A temporary folder of our own.

    Raises: OutputError where there is no permission or no space.
    """
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(scratch_folder(Path(_base()), _PREFIX))
        except OSError as error:
            raise OutputError(
                f"{error.filename}: no folder for temporary files: {error.strerror}",
                remedy="let TMPDIR name a folder that can be written to",
            ) from error
        yield folder


@contextmanager
def scratch_folder(base: Path, prefix: str) -> Iterator[Path]:
    """A folder of our own with such a name; those that killed processes left are removed.

    Raises: OSError where there is no permission or no space.
    """
    sweep(base, prefix)
    scratch: Scratch | None = None
    try:
        with interrupts_deferred():
            scratch = claim(base, prefix)
        yield scratch.folder
    finally:
        if scratch is not None:
            with interrupts_deferred():
                scratch.remove()
