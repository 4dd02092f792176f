"""A program in its own session, with all its descendants.

Its first process is the guard (guard.py), which ends everything if we are killed. Windows has job
objects for that.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

from neurodeploy.sandbox.process.family import family
from neurodeploy.sandbox.process.interrupts import interrupts_deferred
from neurodeploy.sandbox.process.output import OutputTail
from neurodeploy.sandbox.process.shared_memory import Segments
from snncore.scratch import MARK

if sys.platform == "win32":
    from neurodeploy.sandbox.process.job import start_in_job

_GUARD = Path(__file__).with_name("guard.py")
_GOODBYE = b"."
_KILL_S = 5.0
_TRACKERS_S = 3.0


class ProcessTree:
    """A running program and all its descendants, which end with the `with` block.

    They also end with this process, however it ends; then `scratch` is removed.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path | None = None,
        scratch: Path | None = None,
    ) -> None:
        self._command = command
        self._folder = folder
        self._environment = environment
        self._scratch = scratch
        self._process: subprocess.Popen[bytes] | None = None
        # The guard has the other end.
        self._link: socket.socket | None = None
        self._exit_code: int | None = None
        self._output: OutputTail | None = None
        self._members: set[psutil.Process] = set()
        self._segments = Segments()

    def __enter__(self) -> "ProcessTree":
        try:
            with interrupts_deferred():
                self._process = self._start()
                if self._process.stdout is not None:
                    self._output = OutputTail(self._process.stdout)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with interrupts_deferred():
            self._end()

    @property
    def exit_code(self) -> int | None:
        """The program's exit code once the tree has ended; -N if signal N killed it."""
        return self._exit_code

    @property
    def log(self) -> str:
        """The end of what the program and its descendants printed."""
        return self._output.tail() if self._output else ""

    def new_lines(self) -> list[str]:
        """Return the lines that they printed since the last call."""
        return self._output.new_lines() if self._output else []

    def poll(self) -> bool:
        """Return whether the program still runs, and record its descendants."""
        self._look_around()
        self._segments.look(self._members)
        return not self._has_ended()

    def memory_mb(self, limit_mb: float) -> float:
        """Return the memory at the last poll; near the limit, count shared pages only once."""
        rough = sum(_memory(member, exact=False) for member in self._members)
        if rough <= limit_mb:
            return rough
        return sum(_memory(member, exact=True) for member in self._members)

    @property
    def _pid(self) -> int:
        return self._process.pid if self._process else -1

    def _start(self) -> subprocess.Popen[bytes]:
        if sys.platform == "win32":
            return start_in_job(self._command, self._folder, self._environment)
        self._link, guards = socket.socketpair()
        self._link.setblocking(False)
        scratch = str(self._scratch or "")
        guard = [sys.executable, "-I", "-S", str(_GUARD), str(guards.fileno()), MARK, scratch]
        with guards:
            return subprocess.Popen(
                [*guard, *self._command],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(guards.fileno(),),
            )

    def _has_ended(self) -> bool:
        """Return whether the program has ended; the guard reports it, or has ended itself."""
        if self._exit_code is None and self._link is not None:
            with suppress(BlockingIOError, ValueError, ConnectionError):
                self._exit_code = int(self._link.recv(16))
        if self._exit_code is None and self._process is not None:
            self._exit_code = self._process.poll()
        return self._exit_code is not None

    def _look_around(self) -> None:
        """Record every living process of the session, and every other descendant ever seen."""
        for pid in family(self._pid):
            with suppress(psutil.Error):
                self._members.add(psutil.Process(pid))
        guard = self._pid if self._link is not None else None
        self._members = {each for each in self._members if _lives(each) and each.pid != guard}

    def _end(self) -> None:
        if self._process is None:
            return
        self._look_around()
        self._segments.look(self._members)
        self._kill_all()
        self._say_goodbye()
        self._process.wait()
        self._has_ended()
        self._segments.remove()
        if self._output is not None:
            self._output.close()

    def _say_goodbye(self) -> None:
        """Let the guard end whatever is left, and leave the scratch folder to us."""
        self._has_ended()
        if self._link is not None:
            with suppress(OSError):
                self._link.send(_GOODBYE)
            self._link.close()
            self._link = None

    def _kill_all(self) -> None:
        deadline = time.monotonic() + _KILL_S
        while time.monotonic() < deadline:
            rest = [member for member in self._members if not _tracks_resources(member)]
            if not rest:
                break
            self._kill(rest)
        # A resource tracker removes what its dead clients leaked, and then ends by itself.
        self._await_end(self._members, _TRACKERS_S)
        self._kill(self._members)

    def _kill(self, members: Iterable[psutil.Process]) -> None:
        for member in members:
            with suppress(psutil.Error):
                member.kill()
        self._await_end(members, 1.0)
        self._look_around()

    def _await_end(self, members: Iterable[psutil.Process], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while any(map(_lives, members)) and time.monotonic() < deadline:
            time.sleep(0.005)
        for member in members:
            if member.pid != self._pid:
                _reap(member.pid)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _tracks_resources(process: psutil.Process) -> bool:
    try:
        return any("multiprocessing.resource_tracker" in word for word in process.cmdline())
    except psutil.Error:
        return False


def _reap(pid: int) -> None:
    """Wait for an orphan that we inherited, as a container's first process inherits all orphans."""
    if sys.platform != "win32":
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _memory(process: psutil.Process, *, exact: bool) -> float:
    try:
        if not exact:
            return float(process.memory_info().rss) / 1e6
        full = process.memory_full_info()
        return float(getattr(full, "pss", full.uss)) / 1e6
    except psutil.Error:
        return 0.0
