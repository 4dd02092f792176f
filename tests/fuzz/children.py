"""Readers run in forked children, with limits on memory and on time."""

import gc
import json
import os
import resource
import select
import shutil
import signal
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import NoReturn

from neurodeploy.errors import NeurodeployError
from tests.fuzz.outcome import Kind, Outcome
from tests.fuzz.reader import Reader

_START = "start"
_READ = "read"


@dataclass(frozen=True)
class Limits:
    """The limits of one input, on top of what the process used before."""

    memory: int = 512 << 20
    # Seconds of processor time, and of wall-clock time for readers that only wait.
    seconds: float = 2.0
    waiting: float = 30.0


def outcomes(
    name: str, reader: Reader, seeds: Sequence[int], limits: Limits = Limits()
) -> Iterator[Outcome]:
    """Yield the outcome of each input; a child that dies is followed by another for the rest."""
    scratch = Path(mkdtemp(prefix="fuzz"))
    try:
        left = list(seeds)
        while left:
            for outcome in _child(name, reader, left, limits, scratch):
                yield outcome
                left.remove(outcome.seed)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _child(
    name: str, reader: Reader, seeds: Sequence[int], limits: Limits, scratch: Path
) -> Iterator[Outcome]:
    """Yield the outcomes of one child; the last may tell how it died."""
    read, write = os.pipe()
    gc.freeze()
    process = os.fork()
    if process == 0:
        os.close(read)
        _live(name, reader, seeds, limits, scratch, write)
    os.close(write)
    lines = _lines(read, limits.waiting)
    running: tuple[int, str] | None = None
    killed = True
    for line in lines:
        if line is None:
            break
        event = json.loads(line)
        if "kind" in event:
            running = None
            kind, words = Kind(event["kind"]), event["words"]
            yield Outcome(name, event["seed"], kind, words, event["seconds"])
        else:
            running = event["seed"], event["event"]
    else:
        killed = False
    if killed:
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    os.close(read)
    if running is not None:
        yield _death(name, running, status, killed)
    elif status:
        raise RuntimeError(f"{name}: a child ended with status {status} between two inputs")


def _lines(source: int, waiting: float) -> Iterator[str | None]:
    """Yield the lines that a child writes; None if the next takes too long."""
    rest = b""
    while True:
        ready, _, _ = select.select([source], [], [], waiting)
        if not ready:
            yield None
            return
        piece = os.read(source, 1 << 16)
        if not piece:
            return
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode()


def _death(name: str, running: tuple[int, str], status: int, killed: bool) -> Outcome:
    seed, event = running
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    words = signal.Signals(number).name if number else f"exit {os.waitstatus_to_exitcode(status)}"
    kind = Kind.HANG if killed or number == signal.SIGPROF else Kind.CRASH
    return Outcome(name, seed, Kind.HARNESS if event == _START else kind, words)


def _live(
    name: str, reader: Reader, seeds: Sequence[int], limits: Limits, scratch: Path, write: int
) -> NoReturn:
    """Read every input, report each outcome and exit without a trace."""
    try:
        warnings.simplefilter("ignore")
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # An unhandled signal also ends a process that is stuck in C code.
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        for seed in seeds:
            folder = scratch / str(seed)
            _one(name, reader, seed, folder, limits, write)
            shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)
    except BaseException:  # noqa: BLE001  # a child must never go on with its parent's code
        os._exit(97)


def _one(name: str, reader: Reader, seed: int, folder: Path, limits: Limits, write: int) -> None:
    _say(write, seed=seed, event=_START)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    path = reader.make(folder, Random(f"{name} {seed}"))
    _say(write, seed=seed, event=_READ)
    whole = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_size() + limits.memory, whole[1]))
    signal.setitimer(signal.ITIMER_PROF, limits.seconds)
    begin = time.process_time()
    kind, words = _read(reader, path)
    seconds = time.process_time() - begin
    signal.setitimer(signal.ITIMER_PROF, 0)
    resource.setrlimit(resource.RLIMIT_AS, whole)
    _say(write, seed=seed, kind=kind, words=words, seconds=round(seconds, 4))


def _read(reader: Reader, path: Path) -> tuple[Kind, str]:
    try:
        reader.read(path)
    except (NeurodeployError, *reader.refusals) as error:
        words = str(error)[:500]
        named = path.name in words or not reader.names_the_file
        return (Kind.REFUSED if named else Kind.NAMELESS), words
    except MemoryError as error:
        return Kind.MEMORY, f"MemoryError at {_origin(error)}"
    except BaseException as error:  # noqa: BLE001  # this is what is looked for
        return Kind.UNEXPECTED, f"{type(error).__name__} at {_origin(error)}: {str(error)[:300]}"
    return Kind.ACCEPTED, ""


def _origin(error: BaseException) -> str:
    """Return the line that raised an error: the last of ours, if any."""
    frames = traceback.extract_tb(error.__traceback__)
    foreign = ("site-packages", "/lib/python", "<frozen")
    ours = [f for f in frames if not any(part in f.filename for part in foreign)]
    last = (ours or frames)[-1]
    return f"{Path(last.filename).name}:{last.lineno} {last.name}"


def _size() -> int:
    """Return the bytes of this process's address space."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    return pages * resource.getpagesize()


def _say(write: int, **event: object) -> None:
    os.write(write, json.dumps(event).encode() + b"\n")
