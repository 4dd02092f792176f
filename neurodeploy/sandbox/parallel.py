"""Running several jobs at once, each in a worker of its own."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import numpy as np

from neurodeploy.sandbox.environment import Environment
from neurodeploy.sandbox.exchange import WorkerResult
from neurodeploy.sandbox.interrupts import interrupts_deferred
from neurodeploy.sandbox.run import Limits, Progress, run_worker_in
from neurodeploy.sandbox.status import installed


@dataclass(frozen=True)
class Call:
    """One job for one worker."""

    job: Mapping[str, object]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    limits: Limits | None = None


def run_many(
    env: Environment, calls: Sequence[Call], *, jobs: int = 1, progress: Progress | None = None
) -> list[WorkerResult]:
    """Run every call, so many at once; the first failure, or Ctrl-C, ends them all.

    Raises: SimulatorMissingError if it is not installed, SimulatorError for the first that fails.
    """
    venv = installed(env)
    stop = threading.Event()
    lock = threading.Lock()

    def tell(line: str) -> None:
        with lock:
            if progress is not None:
                progress(line)

    def run(call: Call) -> WorkerResult:
        return run_worker_in(venv, env, call.job, call.arrays, call.limits, tell, stop)

    pool = ThreadPoolExecutor(max_workers=max(1, jobs))
    try:
        futures = [pool.submit(run, call) for call in calls]
        for future in wait(futures, return_when=FIRST_EXCEPTION).done:
            future.result()
        return [future.result() for future in futures]
    finally:
        stop.set()
        with interrupts_deferred():
            pool.shutdown(cancel_futures=True)
