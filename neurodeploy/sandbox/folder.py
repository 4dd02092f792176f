"""Temporary folders that are removed afterwards, at the latest when the next one is created."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from neurodeploy.errors import OutputError
from neurodeploy.sandbox.process.interrupts import interrupts_deferred
from snncore.scratch import Scratch, claim, sweep

# Socket paths add some 47 characters, and must stay under 104.
_LONGEST_BASE = 56
_SHORT_BASE = "/tmp"
_PREFIX = "nd-"


def _base() -> str:
    """Return the folder for temporary files, or one with a shorter path if sockets need it."""
    usual = tempfile.gettempdir()
    short = len(usual) <= _LONGEST_BASE or not os.access(_SHORT_BASE, os.W_OK | os.X_OK)
    return usual if short else _SHORT_BASE


@contextmanager
def private_folder() -> Iterator[Path]:
    """Yield a private temporary folder.

    Raises: OutputError without permission or space.
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
    """Yield a private folder with this prefix, and remove those that killed processes left.

    Raises: OSError without permission or space.
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
