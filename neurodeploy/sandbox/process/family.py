"""The family of a process: its descendants, and everyone in the session that it leads."""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress

import psutil

_PROC = "/proc"


def family(leader: int) -> set[int]:
    """Return the ids of a process, of its descendants and of its session, dead ones included.

    One look at each process of the machine: this is asked many times a second.
    """
    processes = {number: (parent, session) for number, parent, session in _listed()}
    members = {number for number, (_, session) in processes.items() if session == leader}
    if leader in processes:
        members.add(leader)
    grown = True
    while grown:
        children = {number for number, (parent, _) in processes.items() if parent in members}
        grown = not children <= members
        members |= children
    return members


def _listed() -> Iterator[tuple[int, int, int]]:
    """Yield each process of the machine, its parent and its session."""
    if os.path.exists(f"{_PROC}/self/stat"):
        yield from _in_proc()
        return
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            yield process.pid, process.ppid(), _session(process.pid)


def _in_proc() -> Iterator[tuple[int, int, int]]:
    """Yield the same from Linux's own listing; psutil would read each file of it several times."""
    for name in filter(str.isdigit, os.listdir(_PROC)):
        with suppress(OSError):
            descriptor = os.open(f"{_PROC}/{name}/stat", os.O_RDONLY)
            try:
                line = os.read(descriptor, 1 << 10)
            finally:
                os.close(descriptor)
            # The program's name, in parentheses, may contain anything.
            _, parent, _, session = line.rpartition(b")")[2].split(None, 4)[:4]
            yield int(name), int(parent), int(session)


def _session(number: int) -> int:
    """Return the session of a process; Windows has none."""
    if sys.platform == "win32":
        return 0
    try:
        return os.getsid(number)
    except OSError:
        return 0
