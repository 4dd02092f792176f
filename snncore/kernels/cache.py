"""The user's cache of compiled kernels: it returns only what this user put into it.

A kernel lies beside a file with its checksum, which holds for one key: the source, the flags and
the compiler. Both must be regular files that belong to this user and that nobody else can write,
in such a folder. What does not fit is not there, and is compiled anew.
"""

from __future__ import annotations

import atexit
import os
import stat
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from platformdirs import user_cache_path

from snncore.scratch import Scratch, claim, sweep

# Compiles in the folder that it is given, and returns the binary and what the compiler said.
Builder = Callable[[Path], tuple[bytes, str]]

_BUILDING, _PRIVATE = "building-", "neurodeploy-kernels-"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_DESCRIPTORS = Path("/proc/self/fd")
_descriptors: dict[tuple[int, int], int] = {}
_warned: set[str] = set()


@dataclass(frozen=True)
class Kept:
    """A cached binary whose checksum fits, and the compiler's messages."""

    path: Path
    # A path that leads to this very file, whatever others do to the folders above it.
    through: Path
    log: str


@dataclass(frozen=True)
class _Folder:
    """A folder that only this user can write: its path, and a path that cannot be redirected."""

    path: Path
    through: Path

    def kept(self, name: str, log: str) -> Kept:
        return Kept(self.path / name, self.through / name, log)


def cache_folder() -> Path:
    """Return where compiled kernels are kept."""
    return user_cache_path("neurodeploy") / "kernels"


def kept(key: str, ending: str) -> Kept | None:
    """Return what the cache has for this key, unless it is damaged or may be another user's."""
    folder = _folder()
    beside = _read(folder.through / _beside(key, ending))
    if beside is None:
        return None
    checksum, _, log = beside.decode("utf-8", errors="replace").partition("\n")
    name = _name(key, ending, checksum)
    data = _read(folder.through / name)
    fits = data is not None and _checksum(key, ending, data) == checksum
    return folder.kept(name, log) if fits else None


def make(key: str, ending: str, builder: Builder) -> Kept:
    """Build what belongs to this key and keep it.

    Raises:
        OSError: if no folder can be written to.
    """
    folder = _folder()
    try:
        return _built(folder, key, ending, builder)
    except OSError as error:
        private = _private()
        if folder == private:
            raise
        _warn(f"cannot be written: {error.strerror or error}")
        return _built(private, key, ending, builder)


def _built(folder: _Folder, key: str, ending: str, builder: Builder) -> Kept:
    """Build and publish; whoever does the same at the same time tears nothing.

    The binary's name is made of its checksum, so that a checksum never stands beside another's.
    """
    sweep(folder.through, _BUILDING)
    scratch = claim(folder.through, _BUILDING)
    try:
        data, log = builder(scratch.folder)
        checksum = _checksum(key, ending, data)
        name = _name(key, ending, checksum)
        beside = f"{checksum}\n{log}".encode()
        _write(scratch.folder / "binary", data, folder.through / name)
        _write(scratch.folder / "checksum", beside, folder.through / _beside(key, ending))
        return folder.kept(name, log)
    finally:
        scratch.remove()


def _write(temporary: Path, data: bytes, path: Path) -> None:
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    if sys.platform != "win32":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _beside(key: str, ending: str) -> str:
    return f"{key[:32]}.{ending}.sha256"


def _name(key: str, ending: str, checksum: str) -> str:
    return f"{key[:32]}-{checksum[:16]}.{ending}"


def _checksum(key: str, ending: str, data: bytes) -> str:
    return sha256(f"{key}\0{ending}\0".encode() + data).hexdigest()


def _read(path: Path) -> bytes | None:
    """Return the content of a file that only this user can have written."""
    flags = os.O_RDONLY
    for more in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, more, 0)
    try:
        with open(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            ours = stat.S_ISREG(status.st_mode) and not _distrust(status)
            return file.read() if ours else None
    except (OSError, ValueError):
        return None


def _distrust(status: os.stat_result) -> str:
    """Return why another user could have written this, if so."""
    if sys.platform == "win32":
        # The profile's access list stands for owner and mode there.
        return ""
    if status.st_uid != os.geteuid():
        return f"belongs to user {status.st_uid}, not to user {os.geteuid()}"
    if status.st_mode & _OTHERS_WRITE:
        return f"can be written to by others (mode {stat.S_IMODE(status.st_mode):04o})"
    return ""


def _folder() -> _Folder:
    """Return the cache's folder, or a private one where others could change what is in it."""
    folder = cache_folder()
    try:
        for missing in [path for path in (folder, *folder.parents) if not path.exists()][::-1]:
            missing.mkdir(0o700, exist_ok=True)
        if sys.platform == "win32":
            return _Folder(folder, folder)
        return _Folder(folder, _opened(folder))
    except PermissionError as error:
        _warn(str(error.strerror))
    except OSError as error:
        _warn(f"cannot be used: {error.strerror or error}")
    return _private()


def _opened(folder: Path) -> Path:
    """Return a path to the folder that leads to no other, whatever others do to the folders above.

    Raises:
        PermissionError: if others could write there.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    reason = _distrust(status)
    earlier = _descriptors.get((status.st_dev, status.st_ino), -1)
    if reason or _leads_to(earlier, status):
        os.close(descriptor)
        descriptor = earlier
    if reason:
        raise PermissionError(0, reason)
    # It stays open: libraries that are loaded keep this path.
    _descriptors[status.st_dev, status.st_ino] = descriptor
    through = _DESCRIPTORS / str(descriptor)
    if through.is_dir():
        return through
    for above in folder.resolve().parents:
        state = above.stat()
        sticky = state.st_mode & stat.S_ISVTX
        if state.st_uid not in (0, os.geteuid()) or (state.st_mode & _OTHERS_WRITE and not sticky):
            raise PermissionError(0, f"lies in {above}, where others can exchange it")
    return folder


def _leads_to(descriptor: int, status: os.stat_result) -> bool:
    try:
        return descriptor >= 0 and os.path.samestat(os.fstat(descriptor), status)
    except OSError:
        return False


@lru_cache(1)
def _private() -> _Folder:
    """Return a folder of this process alone."""
    base = Path(tempfile.gettempdir())
    sweep(base, _PRIVATE)
    scratch = claim(base, _PRIVATE)
    atexit.register(_remove, scratch, os.getpid())
    return _Folder(scratch.folder, scratch.folder)


def _remove(scratch: Scratch, owner: int) -> None:
    # A forked child ends as well, and its parent goes on.
    if os.getpid() == owner:
        scratch.remove()


def _warn(reason: str) -> None:
    words = (
        f"{cache_folder()}: {reason}; kernels are compiled for this process alone "
        "(remove the folder, and it is created again; or let XDG_CACHE_HOME name a folder of yours)"
    )
    if words not in _warned:
        _warned.add(words)
        warnings.warn(words, RuntimeWarning, stacklevel=2)
