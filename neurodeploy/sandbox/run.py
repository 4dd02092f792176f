"""Jobs in an installed simulator, one or several at once."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

import numpy as np

from neurodeploy.sandbox.environments.environment import Environment
from neurodeploy.sandbox.environments.status import installed
from neurodeploy.sandbox.exchange import WorkerResult
from neurodeploy.sandbox.process.interrupts import interrupts_deferred
from neurodeploy.sandbox.worker import Call, Limits, Progress, Worker


def run_worker(
    env: Environment,
    job: Mapping[str, object],
    arrays: Mapping[str, np.ndarray] | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> WorkerResult:
    """Run one job in the installed environment, in a separate process.

    Raises: SimulatorMissingError if it is not installed, SimulatorError if it fails or exceeds a
    limit.
    """
    call = Call(job, arrays or {}, limits or Limits())
    return Worker(installed(env), env, call, progress).run()


def run_many(
    env: Environment, calls: Sequence[Call], *, jobs: int = 1, progress: Progress | None = None
) -> list[WorkerResult]:
    """Run every job, `jobs` at a time; the first failure, or Ctrl-C, ends them all.

    Raises: SimulatorMissingError if it is not installed, SimulatorError for the first that fails.
    """
    venv = installed(env)
    stop = threading.Event()
    lock = threading.Lock()

    def tell(line: str) -> None:
        with lock:
            if progress is not None:
                progress(line)

    pool = ThreadPoolExecutor(max_workers=max(1, jobs))
    try:
        futures = [pool.submit(Worker(venv, env, call, tell, stop).run) for call in calls]
        for future in wait(futures, return_when=FIRST_EXCEPTION).done:
            future.result()
        return [future.result() for future in futures]
    finally:
        stop.set()
        with interrupts_deferred():
            pool.shutdown(cancel_futures=True)
