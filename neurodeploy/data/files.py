"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from neurodeploy.errors import OutputError

# A piece of a file's bytes.
Piece = bytes | memoryview

# The remedies for errors of the operating system.
REMEDIES = {
    errno.ENOSPC: "free some space, or choose another place",
    errno.EDQUOT: "free some space, or choose another place",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f), or choose another place",
    errno.EACCES: "choose a place that you may read and write",
    errno.EPERM: "choose a place that you may read and write",
    errno.EROFS: "choose a place that can be written to",
    errno.EMFILE: "close some files, or raise the limit with ulimit -n",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file beside its destination and move it there when it is complete.

    Raises:
        OutputError: if it cannot be written; nothing is left of it then.
    """
    try:
        if path.is_dir():
            raise OutputError(f"{path}: is a folder", remedy="name a file")
        with _parents(path):
            _write_and_move(path, write)
    except (OSError, RuntimeError) as error:
        raise _output_error(path, error) from error


def _write_and_move(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
        temporary = None
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def write_folder_atomically(
    path: Path, files: Mapping[str, bytes | Iterable[Piece]], *, ours: Callable[[Path], bool]
) -> None:
    """Write a folder, file by file, beside its destination and move it there whole.

    An existing folder is replaced if it is empty or `ours` permits it.

    Raises:
        OutputError: if it cannot be written, or an existing folder must not be replaced.
    """
    try:
        if path.exists() and not path.is_dir():
            raise OutputError(f"{path}: is a file", remedy="choose another place")
        if path.is_dir() and any(path.iterdir()) and not ours(path):
            raise OutputError(
                f"{path}: is a folder that holds other files", remedy="choose another place"
            )
        # A link to a folder stays a link; the folder that it names is replaced.
        target = path.resolve()
        with _parents(target):
            _write_and_swap(target, files)
    except OSError as error:
        raise _output_error(path, error) from error


def _write_and_swap(path: Path, files: Mapping[str, bytes | Iterable[Piece]]) -> None:
    temporary: Path | None = None
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        for name, content in files.items():
            (temporary / name).parent.mkdir(parents=True, exist_ok=True)
            with (temporary / name).open("wb") as file:
                file.writelines((content,) if isinstance(content, bytes) else content)
        os.chmod(temporary, 0o777 & ~_umask())
        _swap(temporary, path)
        temporary = None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def require_writable(folder: Path) -> None:
    """Check that files can be written into a folder, which may not exist yet; leave nothing.

    Raises:
        OutputError: if they cannot.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _output_error(folder, error) from error
    finally:
        for each in missing:
            with suppress(OSError):
                each.rmdir()


@contextmanager
def _parents(path: Path) -> Iterator[None]:
    """Create the folders above a path for a block; if it fails, remove those that were created."""
    missing = [folder for folder in path.parents if not folder.exists()]
    nearest = next(folder for folder in path.parents if folder not in missing)
    if not nearest.is_dir():
        raise OutputError(f"{path}: {nearest} is a file", remedy="choose another place")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()
        raise


def _swap(new: Path, target: Path) -> None:
    if not target.exists():
        os.replace(new, target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    try:
        os.replace(target, old)
    except BaseException:
        old.rmdir()
        raise
    try:
        os.replace(new, target)
    except BaseException:
        os.replace(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _output_error(path: Path, error: OSError | RuntimeError) -> OutputError:
    if isinstance(error, OutputError):
        return error
    number = error.errno or 0 if isinstance(error, OSError) else 0
    lines = str(getattr(error, "strerror", None) or error).splitlines()
    reason = next(iter(lines), type(error).__name__)
    if "unexpected pos" in reason:
        # torch's message when less was written than it passed on.
        number, reason = errno.ENOSPC, "there was no room for all of it"
    return OutputError(f"{path}: cannot be written: {reason}", remedy=REMEDIES.get(number))
