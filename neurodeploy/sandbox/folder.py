"""Folders that are gone afterwards."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from neurodeploy.errors import OutputError
from neurodeploy.sandbox.interrupts import interrupts_deferred


@contextmanager
def private_folder() -> Iterator[Path]:
    """A temporary folder of our own.

    Raises: OutputError where there is no permission or no space.
    """
    folder: Path | None = None
    try:
        with interrupts_deferred():
            # a short name: sockets lie in it, whose paths must stay under some 100 characters
            folder = Path(tempfile.mkdtemp(prefix="nd-"))
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
