"""Independent tasks: the same results for one worker and for many, on one machine or on several."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from neurodeploy.data.files import write_atomically
from neurodeploy.flow.sharing.work import Computed, Item, Said, Work


@dataclass(frozen=True)
class Tasks:
    """Work on items, `jobs` at a time here, or on a Ray `cluster`.

    Results in `kept`, a folder, are not computed again.
    """

    jobs: int = 1
    kept: Path | None = None
    progress: Said = lambda line: None
    # An address that Ray takes; "local" starts a cluster of `jobs` workers on this machine.
    cluster: str | None = None

    def run(self, work: Work, items: Sequence[Item]) -> list[dict[str, Any]]:
        """Return the result of every item, in their order.

        Raises:
            SimulatorError: if the worker of an item is lost again and again, or no cluster answers.
            OutputError: if a result cannot be kept.
        """
        results = {index: kept for index, item in enumerate(items) if (kept := self._read(item))}
        self._say(len(results), len(items))
        missing = {index: item for index, item in enumerate(items) if index not in results}
        for index, result in self._computed(work, missing):
            results[index] = self._keep(items[index], result)
            self._say(len(results), len(items))
        return [results[index] for index in range(len(items))]

    def _computed(self, work: Work, missing: Mapping[int, Item]) -> Computed:
        """Return the results of the missing items, as they come."""
        if self.cluster is not None and missing:
            from neurodeploy.flow.sharing.on_ray import computed_on_ray

            return computed_on_ray(work, missing, self.cluster, self.jobs, self.progress)
        if self.jobs == 1 or len(missing) <= 1:
            return ((index, work(item)) for index, item in missing.items())
        from neurodeploy.flow.sharing.processes import computed_in_processes

        return computed_in_processes(work, missing, self.jobs, self.progress)

    def _say(self, done: int, count: int) -> None:
        self.progress(f"{done} of {count} tasks are done")

    def _file(self, item: Item) -> Path | None:
        if self.kept is None:
            return None
        content = {name: value for name, value in item.items() if name != "files"}
        text = json.dumps(content, sort_keys=True)
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
