"""Tasks in processes of this machine; a pool that loses a worker is started anew."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from neurodeploy.errors import SimulatorError
from neurodeploy.flow.sharing.work import TRIES, Computed, Item, Said, Work


def computed_in_processes(
    work: Work, missing: Mapping[int, Item], jobs: int, progress: Said
) -> Computed:
    """Yield the results of the missing items, as they come.

    Raises:
        SimulatorError: if workers are lost again and again.
    """
    left = dict(missing)
    for _ in range(TRIES):
        try:
            for index, result in _in_one_pool(work, dict(left), jobs):
                del left[index]
                yield index, result
        except BrokenProcessPool:
            progress(f"a worker was lost: {len(left)} tasks go to new ones")
        else:
            return
    raise SimulatorError(
        f"workers were lost {TRIES} times",
        remedy="run fewer at once with --jobs; the machine may be out of memory",
    )


def _in_one_pool(work: Work, items: Mapping[int, Item], jobs: int) -> Computed:
    # A fork would copy locks that torch's threads hold.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(items)), context, initializer=one_thread)
    try:
        waiting: dict[Future[dict[str, Any]], int] = {
            pool.submit(work, item): index for index, item in items.items()
        }
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield waiting.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def one_thread() -> None:
    """Leave the other cores to the other workers."""
    os.environ["OMP_NUM_THREADS"] = "1"
