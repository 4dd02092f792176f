"""Tasks on a Ray cluster: their files travel with them, and a lost worker costs its own task."""

from __future__ import annotations

import importlib.util
import logging
import os
import socket
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neurodeploy.distribution import toolchain_version
from neurodeploy.errors import NeurodeployError, SimulatorError, SimulatorMissingError
from neurodeploy.flow.sharing.parcel import Content, content, unpacked
from neurodeploy.flow.sharing.processes import one_thread
from neurodeploy.flow.sharing.work import TRIES, Computed, Item, Said, Work

# Starts a cluster of this machine alone, which ends with the work.
LOCAL = "local"
# Tasks at a worker: the one that runs, and the one that comes next.
_AHEAD = 2
_STORE_BYTES = 256 << 20
_ANSWER_SECONDS = 10.0


def computed_on_ray(
    work: Work, missing: Mapping[int, Item], address: str, jobs: int, progress: Said
) -> Computed:
    """Yield the results of the missing items, as they come.

    Raises:
        SimulatorMissingError: if Ray is not installed.
        SimulatorError: if no cluster answers, or workers are lost again and again.
    """
    with _connected(address, jobs) as ray:
        workers = max(1, int(ray.cluster_resources().get("CPU", 1)))
        progress(f"{workers} workers on {len(ray.nodes())} machines take {len(missing)} tasks")
        yield from _Round(ray, work, dict(missing), progress).results(_AHEAD * workers)


@dataclass
class _Round:
    """The tasks that wait, those that run, and the files that the cluster has."""

    ray: Any
    work: Work
    items: dict[int, Item]
    progress: Said
    # How often a task's worker was lost.
    losses: dict[int, int] = field(default_factory=dict)
    # By digest, the references to contents that several tasks read.
    stored: dict[str, Any] = field(default_factory=dict)

    def results(self, at_once: int) -> Computed:
        """Yield every result, with so many tasks submitted at a time."""
        # A retry of Ray's own would not say so.
        task = self.ray.remote(num_cpus=1, max_retries=0)(_on_node)
        waiting, running = deque(self.items), dict[Any, int]()
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    index = waiting.popleft()
                    running[self._submitted(task, self.items[index])] = index
                (reference, *_), _ = self.ray.wait(list(running), num_returns=1)
                index = running.pop(reference)
                result = self._result(reference, index)
                if result is None:
                    waiting.append(index)
                else:
                    yield index, result
        finally:
            for reference in running:
                self.ray.cancel(reference, force=True)

    def _submitted(self, task: Any, item: Item) -> Any:
        files = {name: Path(path) for name, path in item.get("files", {}).items()}
        digests = item.get("digests", {})
        for name, path in files.items():
            if digests[name] not in self.stored:
                self.stored[digests[name]] = self.ray.put(content(path))
        parcels = [
            (name, path.name, digests[name], self.stored[digests[name]])
            for name, path in files.items()
        ]
        references = [reference for *_, reference in parcels]
        labels = [tuple(label) for *label, _ in parcels]
        return task.remote(self.work, dict(item), toolchain_version(), labels, *references)

    def _result(self, reference: Any, index: int) -> dict[str, Any] | None:
        """Return a task's result, or None if its worker was lost.

        Raises:
            SimulatorError: if that happened too often.
        """
        lost = self.ray.exceptions
        try:
            result: dict[str, Any] = self.ray.get(reference)
        except lost.RayTaskError as error:
            cause = error.cause
            raise (cause if isinstance(cause, NeurodeployError) else error) from None
        except (
            lost.WorkerCrashedError,
            lost.NodeDiedError,
            lost.OutOfMemoryError,
            lost.ObjectLostError,
        ) as error:
            self.losses[index] = self.losses.get(index, 0) + 1
            if self.losses[index] >= TRIES:
                raise SimulatorError(
                    f"the workers of task {index} were lost {TRIES} times",
                    remedy="give it fewer samples with --shard; a machine may be out of memory",
                    log=str(error),
                ) from None
            self.progress("a worker was lost: its task goes to another one")
            return None
        return result


def _on_node(
    work: Work,
    item: dict[str, Any],
    version: str,
    labels: list[tuple[str, str, str]],
    *contents: Content,
) -> dict[str, Any]:
    """Return the result of one item; runs on any machine of the cluster.

    Raises:
        SimulatorError: if that machine has another version of this project.
    """
    if toolchain_version() != version:
        node, own = os.uname().nodename, toolchain_version()
        raise SimulatorError(
            f"{node} has neurodeploy-toolchain {own}, and the command was given to {version}",
            remedy="give every machine of the cluster the same version",
        )
    one_thread()
    files = {
        name: str(unpacked(files, file, digest))
        for (name, file, digest), files in zip(labels, contents, strict=True)
    }
    return work(item | {"files": files})


@contextmanager
def _connected(address: str, jobs: int) -> Iterator[Any]:
    """Give Ray, connected to a cluster.

    Raises:
        SimulatorMissingError: if Ray is not installed.
        SimulatorError: if no cluster answers.
    """
    if importlib.util.find_spec("ray") is None:
        raise SimulatorMissingError(
            "--cluster needs Ray, which is not installed",
            remedy="pip install ray",
        )
    variables = dict(os.environ)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        with _initialized(address, jobs) as ray:
            yield ray
    finally:
        # Ray sets some, such as the debugger that `breakpoint()` opens.
        os.environ.clear()
        os.environ.update(variables)


@contextmanager
def _initialized(address: str, jobs: int) -> Iterator[Any]:
    """Give Ray, connected to a cluster; a connection of the user's own is used and stays.

    Raises:
        SimulatorError: if no cluster answers.
    """
    import ray
    import ray.exceptions

    if ray.is_initialized():
        yield ray
        return
    own = {"num_cpus": jobs, "include_dashboard": False, "object_store_memory": _STORE_BYTES}
    words: dict[str, Any] = own if address == LOCAL else {}
    try:
        _require_answer(address)
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **words)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise SimulatorError(
            f"{address}: no Ray cluster answers: {str(error).splitlines()[0][:200]}",
            remedy="start one with `ray start --head`, or name --cluster local",
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _require_answer(address: str) -> None:
    """Check that somebody listens at HOST:PORT; Ray itself would wait for minutes.

    Raises:
        OSError: if nobody does.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_SECONDS).close()
