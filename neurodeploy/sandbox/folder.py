"""Folders that are gone afterwards."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurodeploy.errors import OutputError
from neurodeploy.sandbox.interrupts import interrupts_deferred

# Sockets lie some 47 characters below, and a socket's path must stay under 104.
_LONGEST_BASE = 56
_SHORT_BASE = "/tmp"


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
    folder: Path | None = None
    try:
        with interrupts_deferred():
            folder = Path(tempfile.mkdtemp(prefix="nd-", dir=_base()))
        yield folder
    except OSError as error:
        if folder is not None:
            raise
        raise OutputError(
            f"{error.filename}: no folder for temporary files: {error.strerror}",
            remedy="let TMPDIR name a folder that can be written to",
        ) from error
    finally:
        if folder is not None:
            with interrupts_deferred():
                shutil.rmtree(folder, ignore_errors=True)
