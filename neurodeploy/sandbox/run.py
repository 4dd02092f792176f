"""Running one job in a simulator's environment, within limits, and leaving nothing behind."""

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurodeploy.errors import OutputError, SimulatorError, ValidationError
from neurodeploy.sandbox.environment import Environment, clean_environment, interpreter_in
from neurodeploy.sandbox.exchange import Exchange, WorkerResult
from neurodeploy.sandbox.interrupts import interrupts_deferred
from neurodeploy.sandbox.output import Lines
from neurodeploy.sandbox.status import installed
from neurodeploy.sandbox.tree import ProcessTree

Progress = Callable[[str], None]

_INSIDE = Path(__file__).with_name("inside.py")
_POLL_S = (0.02, 0.2)
# the worker's numbers do not depend on threads, and several workers share the machine
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Limits:
    """What a worker and all its processes together may take.

    Raises: ValidationError if a limit is not positive.
    """

    seconds: float = 600.0
    memory_mb: float = 4096.0

    def __post_init__(self) -> None:
        if not (self.seconds > 0 and self.memory_mb > 0):
            raise ValidationError(f"limits must be positive, not {self}")


def run_worker(
    env: Environment,
    job: Mapping[str, object],
    arrays: Mapping[str, np.ndarray] | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> WorkerResult:
    """Run a job in the installed environment, in a process of its own that is always cleared away.

    Raises: SimulatorMissingError if it is not installed, SimulatorError if it fails or oversteps.
    """
    return run_worker_in(installed(env), env, job, arrays, limits, progress)


def run_worker_in(
    venv: Path,
    env: Environment,
    job: Mapping[str, object],
    arrays: Mapping[str, np.ndarray] | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> WorkerResult:
    """Run a job with the interpreter of that virtual environment; `stop` ends it early.

    Raises: SimulatorError if it fails, oversteps a limit or is stopped.
    """
    with _private_folder() as folder:
        exchange = Exchange(folder)
        exchange.write(job, arrays or {})
        command = [str(interpreter_in(venv)), "-I", "-B", "-u", "-X", "faulthandler"]
        command += [str(_INSIDE), str(env.worker), str(folder), str(os.getpid())]
        environment = clean_environment(TMPDIR=str(folder / "tmp"), **_ONE_THREAD)
        tree = ProcessTree(command, folder=folder, environment=environment)
        with tree:
            _watch(tree, env, exchange, limits or Limits(), progress, stop)
        return _collect(tree, env, exchange)


@contextmanager
def _private_folder() -> Iterator[Path]:
    try:
        # a short name: sockets lie in it, whose paths must stay under some 100 characters
        folder = Path(tempfile.mkdtemp(prefix="nd-"))
    except OSError as error:
        raise OutputError(
            f"{error.filename}: no folder for temporary files: {error.strerror}",
            remedy="let TMPDIR name a folder that can be written to",
        ) from error
    try:
        yield folder
    finally:
        with interrupts_deferred():
            shutil.rmtree(folder, ignore_errors=True)


def _watch(
    tree: ProcessTree,
    env: Environment,
    exchange: Exchange,
    limits: Limits,
    progress: Progress | None,
    stop: threading.Event | None,
) -> None:
    """Wait for the worker to end.

    Raises: SimulatorError when it oversteps a limit or is to stop.
    """
    began = time.monotonic()
    lines = Lines(exchange.progress)
    pause = _POLL_S[0]
    runs = True
    while runs:
        runs = tree.poll()
        for line in lines.new():
            if progress is not None:
                progress(line)
        problem = _overstepped(tree, limits, time.monotonic() - began)
        if stop is not None and stop.is_set():
            problem = "stopped, because another worker failed or was interrupted"
        if problem and runs:
            raise SimulatorError(
                f"{env.title}: {problem}",
                remedy="give it fewer samples, or more room",
                log=tree.log,
            )
        time.sleep(pause if runs else 0)
        pause = min(pause * 1.5, _POLL_S[1])


def _overstepped(tree: ProcessTree, limits: Limits, seconds: float) -> str | None:
    if seconds > limits.seconds:
        return f"stopped at its time limit of {limits.seconds:g} s"
    used = tree.memory_mb(limits.memory_mb)
    if used > limits.memory_mb:
        return f"stopped at its memory limit: {used:.0f} MB, allowed are {limits.memory_mb:g}"
    return None


def _collect(tree: ProcessTree, env: Environment, exchange: Exchange) -> WorkerResult:
    """What the worker left when it ended by itself.

    Raises: SimulatorError if that is not a result.
    """
    log, code = tree.log, tree.exit_code
    if exchange.has_result:
        result = exchange.read(env.title, log)
        if code == 0:
            return result
    if code == 0:
        raise SimulatorError(
            f"{env.title}: the worker finished without a result",
            remedy="see what it printed",
            log=log,
        )
    last = log.splitlines()[-1] if log else "it printed nothing"
    raise SimulatorError(
        f"{env.title}: the worker crashed ({_in_words(code)}): {last}",
        remedy="see what it printed; killed without a word, the machine ran out of memory",
        log=log,
    )


def _in_words(code: int | None) -> str:
    if code is None or code >= 0 or sys.platform == "win32":
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
