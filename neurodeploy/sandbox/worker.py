"""One job in one process of a simulator's Python: within limits, and leaving nothing behind."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from neurodeploy.errors import SimulatorError, ValidationError
from neurodeploy.sandbox.environments.beside import paths_beside
from neurodeploy.sandbox.environments.environment import (
    Environment,
    clean_environment,
    interpreter_in,
)
from neurodeploy.sandbox.exchange import Exchange, WorkerResult
from neurodeploy.sandbox.folder import private_folder
from neurodeploy.sandbox.process.output import Lines
from neurodeploy.sandbox.process.tree import ProcessTree

Progress = Callable[[str], None]

_INSIDE = Path(__file__).with_name("inside.py")
_POLL_S = (0.02, 0.2)
# The worker's numbers do not depend on threads, and several workers share the machine.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Limits:
    """The limits of a worker and all its processes together.

    Raises: ValidationError if a limit is not positive.
    """

    seconds: float = 600.0
    memory_mb: float = 4096.0

    def __post_init__(self) -> None:
        if not (self.seconds > 0 and self.memory_mb > 0):
            raise ValidationError(f"limits must be positive, not {self}")


@dataclass(frozen=True)
class Call:
    """One job for one worker."""

    job: Mapping[str, object]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Worker:
    """A process that does one job; setting `stop` ends it early."""

    venv: Path
    env: Environment
    call: Call
    progress: Progress | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    # An interpreter to use instead of the environment's own.
    python: Path | None = None

    def run(self) -> WorkerResult:
        """Run the job, and remove everything that it created.

        Raises: SimulatorError if it fails, exceeds a limit or is stopped.
        """
        with private_folder() as folder:
            exchange = Exchange(folder)
            exchange.write(self.call.job, self.call.arrays)
            tree = started(self.env, self.venv, folder, self.python)
            with tree:
                self._watch(tree, Lines(exchange.progress))
            return self._collect(tree, exchange)

    def _watch(self, tree: ProcessTree, lines: Lines) -> None:
        """Wait for the worker to end.

        Raises: SimulatorError if it must be ended.
        """
        began = time.monotonic()
        pause, longest = _POLL_S
        runs = True
        while runs:
            runs = tree.poll()
            for line in lines.new():
                if self.progress is not None:
                    self.progress(line)
            problem = self._problem(tree, time.monotonic() - began)
            if runs and problem:
                raise SimulatorError(
                    f"{self.env.title}: {problem}",
                    remedy="give it fewer samples, or raise the limit",
                    log=tree.log,
                )
            time.sleep(pause if runs else 0)
            pause = min(pause * 1.5, longest)

    def _problem(self, tree: ProcessTree, seconds: float) -> str | None:
        """Return the reason why the worker must be ended, or None."""
        limits = self.call.limits
        if self.stop.is_set():
            return "stopped, because another worker failed or all were interrupted"
        if seconds > limits.seconds:
            return f"stopped at its time limit of {limits.seconds:g} s"
        used = tree.memory_mb(limits.memory_mb)
        if used > limits.memory_mb:
            return f"stopped at its memory limit: it used {used:.0f} MB of {limits.memory_mb:g} MB"
        return None

    def _collect(self, tree: ProcessTree, exchange: Exchange) -> WorkerResult:
        """Return the result of a worker that ended by itself.

        Raises: SimulatorError if there is no valid result.
        """
        title, log, code = self.env.title, tree.log, tree.exit_code
        if exchange.has_result:
            result = exchange.read(title, log)
            if code == 0:
                return result
        if code == 0:
            raise SimulatorError(
                f"{title}: the worker finished without a result",
                remedy="see its output",
                log=log,
            )
        last = log.splitlines()[-1] if log else "it printed nothing"
        raise SimulatorError(
            f"{title}: the worker crashed ({_in_words(code)}): {last}",
            remedy="see its output; if it was killed silently, the machine ran out of memory",
            log=log,
        )


def started(env: Environment, venv: Path, folder: Path, python: Path | None = None) -> ProcessTree:
    """Return the process of a worker whose job lies in a folder; it starts with a `with` block."""
    command = [str(python or interpreter_in(venv)), "-I", "-B", "-u", "-X", "faulthandler"]
    command += [str(_INSIDE), str(env.worker), str(folder), *paths_beside(env)]
    environment = clean_environment(TMPDIR=str(folder / "tmp"), **_ONE_THREAD)
    return ProcessTree(command, folder=folder, environment=environment, scratch=folder)


def _in_words(code: int | None) -> str:
    if code is None or code >= 0 or sys.platform == "win32":
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
