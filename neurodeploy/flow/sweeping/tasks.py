"""Independent tasks in processes of their own: the same results for one worker and for many."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from neurodeploy.data.files import write_atomically
from neurodeploy.errors import SimulatorError

# From plain data to plain data, so that another process, or a file, holds both.
Item = Mapping[str, Any]
Work = Callable[[Item], dict[str, Any]]
Said = Callable[[str], None]

# How often a task runs whose worker is lost.
_TRIES = 3


@dataclass(frozen=True)
class Tasks:
    """Work on items, `jobs` at a time; results in `kept`, a folder, are not computed again."""

    jobs: int = 1
    kept: Path | None = None
    progress: Said = lambda line: None

    def run(self, work: Work, items: Sequence[Item]) -> list[dict[str, Any]]:
        """Return the result of every item, in their order.

        Raises:
            SimulatorError: if the worker of an item is lost again and again.
            OutputError: if a result cannot be kept.
        """
        results = {index: kept for index, item in enumerate(items) if (kept := self._read(item))}
        missing = [index for index in range(len(items)) if index not in results]
        self._say(len(results), len(items))
        if self.jobs == 1 or len(missing) <= 1:
            for index in missing:
                results[index] = self._keep(items[index], work(items[index]))
                self._say(len(results), len(items))
        else:
            self._in_processes(work, items, missing, results)
        return [results[index] for index in range(len(items))]

    def _in_processes(
        self,
        work: Work,
        items: Sequence[Item],
        missing: list[int],
        results: dict[int, dict[str, Any]],
    ) -> None:
        """Compute the missing results; a pool that loses a worker is started anew."""
        for _ in range(_TRIES):
            try:
                self._in_one_pool(work, items, missing, results)
            except BrokenProcessPool:
                missing = [index for index in missing if index not in results]
                self.progress(f"a worker was lost: {len(missing)} tasks go to new ones")
            else:
                return
        raise SimulatorError(
            f"workers were lost {_TRIES} times",
            remedy="run fewer at once with --jobs; the machine may be out of memory",
        )

    def _in_one_pool(
        self,
        work: Work,
        items: Sequence[Item],
        missing: Sequence[int],
        results: dict[int, dict[str, Any]],
    ) -> None:
        workers = min(self.jobs, len(missing))
        # A fork would copy locks that torch's threads hold.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, context, initializer=_one_thread)
        try:
            waiting: dict[Future[dict[str, Any]], int] = {
                pool.submit(work, items[index]): index for index in missing
            }
            while waiting:
                done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    index = waiting.pop(future)
                    results[index] = self._keep(items[index], future.result())
                    self._say(len(results), len(items))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _say(self, done: int, count: int) -> None:
        self.progress(f"{done} of {count} tasks are done")

    def _file(self, item: Item) -> Path | None:
        if self.kept is None:
            return None
        text = json.dumps(dict(item), sort_keys=True)
        return self.kept / f"{sha256(text.encode()).hexdigest()[:32]}.json"

    def _read(self, item: Item) -> dict[str, Any] | None:
        """Return a result that was kept; a damaged one counts as missing."""
        path = self._file(item)
        if path is None or not path.is_file():
            return None
        try:
            result = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return result if isinstance(result, dict) else None

    def _keep(self, item: Item, result: dict[str, Any]) -> dict[str, Any]:
        path = self._file(item)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(result, sort_keys=True)
            write_atomically(path, lambda stream: stream.write(text.encode()))
        return result


def _one_thread() -> None:
    """Leave the other cores to the other workers."""
    os.environ["OMP_NUM_THREADS"] = "1"
