"""A guard between us and a program, so that none of its processes outlives us.

    python -I -S guard.py SOCKET MARK FOLDER COMMAND...

runs COMMAND in this session and sends its exit code through the socket SOCKET, as -N if signal N
killed it. When the other end is closed, or its owner is gone, every descendant is ended. An owner
that did not say goodbye was killed: then FOLDER is removed as well, and last of all MARK in it.
Uses only the standard library.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

_GOODBYE = b"."
_PROC = "/proc"
_LOOK_S = 0.5
_PAUSE_S = 0.01
_KILL_S = 5.0
_TRACKERS_S = 3.0
_NOT_STARTED = 127
_DIE_WITH_PARENT, _ADOPT_ORPHANS = 1, 36
# A signal to the group must not end its guard, which still has to end the others.
_DEAF_TO = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_PYTHON_IGNORES = (signal.SIGPIPE, signal.SIGXFSZ)


def main(number: str, mark: str, folder: str, *command: str) -> None:
    """Run the command, and end with our owner."""
    owner = os.getppid()
    link = socket.socket(fileno=int(number))
    link.set_inheritable(False)
    for each in _DEAF_TO:
        signal.signal(each, signal.SIG_IGN)
    woken = _wakes_on_children()
    control = _process_control()
    control(_ADOPT_ORPHANS, 1)
    child = _start(command, control)
    said_goodbye = _attend(child, owner, link, woken)
    _end_descendants()
    if folder and not said_goodbye:
        _clear(folder, mark)


def _wakes_on_children() -> socket.socket:
    """Return a socket that becomes readable when a child has ended."""
    woken, waker = socket.socketpair()
    woken.setblocking(False)
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.detach(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    return woken


def _process_control() -> Callable[[int, int], object]:
    """Return Linux's prctl, or a function that does nothing on other systems."""
    if sys.platform != "linux":
        return lambda option, value: None
    prctl = ctypes.CDLL(None).prctl
    return lambda option, value: prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0)))


def _start(command: Sequence[str], control: Callable[[int, int], object]) -> int:
    """Start the command so that it does not outlive this process, and return its id."""
    guard = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        control(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() == guard:
            for each in (*_DEAF_TO, *_PYTHON_IGNORES):
                signal.signal(each, signal.SIG_DFL)
            os.execvp(command[0], list(command))
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(_NOT_STARTED)


def _attend(child: int, owner: int, link: socket.socket, woken: socket.socket) -> bool:
    """Report how the child ends and wait for the owner; return whether the owner said goodbye."""
    while True:
        readable, _, _ = select.select([link, woken], [], [], _LOOK_S)
        if link in readable:
            with suppress(OSError):
                return link.recv(1) == _GOODBYE
            return False
        # A fork of the owner may hold the other end open after the owner has gone.
        if os.getppid() != owner:
            return False
        with suppress(BlockingIOError):
            woken.recv(1 << 10)
        for ended, status in _reaped():
            if ended == child:
                with suppress(OSError):
                    link.send(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _reaped() -> Iterator[tuple[int, int]]:
    """Yield the children that have ended, including those of dead descendants, and their status."""
    with suppress(ChildProcessError):
        while True:
            ended, status = os.waitpid(-1, os.WNOHANG)
            if not ended:
                return
            yield ended, status


def _end_descendants() -> None:
    """Kill all; trackers of shared memory may first remove what their dead clients leaked."""
    now = time.monotonic()
    while time.monotonic() < now + _KILL_S:
        rest = [process for process, tracks in _descendants() if not tracks]
        if not rest:
            break
        _kill(rest)
    now = time.monotonic()
    while _descendants() and time.monotonic() < now + _TRACKERS_S:
        time.sleep(_PAUSE_S)
        list(_reaped())
    _kill([process for process, _ in _descendants()])


def _kill(processes: Sequence[int]) -> None:
    for process in processes:
        with suppress(OSError):
            os.kill(process, signal.SIGKILL)
    time.sleep(_PAUSE_S)
    list(_reaped())


def _descendants() -> list[tuple[int, bool]]:
    """Return the living descendants and members of this session, and which of them are trackers."""
    processes = {number: (parent, words) for number, parent, words in _processes()}
    guard, ours = os.getpid(), []
    for number, (_, words) in processes.items():
        above, hops = number, 0
        # The list is not taken at one moment, so it may even contain a circle.
        while above in processes and above != guard and hops < len(processes):
            above, hops = processes[above][0], hops + 1
        if number != guard and (above == guard or _session(number) == guard):
            ours.append((number, "multiprocessing.resource_tracker" in words))
    return ours


def _session(process: int) -> int:
    try:
        return os.getsid(process)
    except OSError:
        return 0


def _processes() -> Iterator[tuple[int, int, str]]:
    """Yield the id of every living process, its parent's id, and its command line."""
    if not os.path.exists(f"{_PROC}/self/stat"):
        # Imported where they are used, which is seldom: every worker waits for its guard to start.
        import subprocess

        # The columns are standard; a process that this starts has ended before anyone looks.
        command = [
            "ps",
            "-A",
            "-w",
            "-w",
            "-o",
            "pid=",
            "-o",
            "ppid=",
            "-o",
            "stat=",
            "-o",
            "command=",
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listing:
            lines = listing.communicate()[0].splitlines()
        for line in lines:
            number, parent, state, words = (*line.split(None, 3), "")[:4]
            if not state.startswith("Z") and int(number) != listing.pid:
                yield int(number), int(parent), words
        return
    for name in filter(str.isdigit, os.listdir(_PROC)):
        with suppress(OSError):
            with open(f"{_PROC}/{name}/stat", errors="replace") as file:
                state, parent = file.read().rpartition(")")[2].split()[:2]
            with open(f"{_PROC}/{name}/cmdline", errors="replace") as file:
                words = file.read()
            if state not in "ZX":
                yield int(name), int(parent), words


def _clear(folder: str, mark: str) -> None:
    """Remove a folder; remove its mark last, so that others know that they may finish this."""
    import shutil

    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.name == mark:
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                with suppress(OSError):
                    os.unlink(entry.path)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
