"""The protocol's side inside a simulator's Python; it uses only the standard library.

    python -I inside.py WORKER FOLDER [PATH...]

loads the script WORKER, calls its `run(job, exchange)` with FOLDER/job.json and, as its last
action, writes the returned value to FOLDER/result.json. Arrays go through FOLDER/in and FOLDER/out.
Packages that are not installed here are looked for in each PATH.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import socket
import sys
import traceback
from types import ModuleType
from typing import Any

# Objects between two searches for garbage: a worker mostly imports, which makes none.
_UNCOLLECTED = 20_000


class WorkerFolder:
    """The folder that brings a job in and takes its result out."""

    def __init__(self, folder: str, worker: str) -> None:
        self._folder, self._worker = folder, worker

    def beside(self, name: str) -> Any:
        """Import a script from the worker's own folder, which is not on the import path."""
        return _load(os.path.join(os.path.dirname(self._worker), name + ".py"), name)

    def job(self) -> dict[str, Any]:
        """Read the job that the parent wrote."""
        with open(os.path.join(self._folder, "job.json"), encoding="utf-8") as file:
            job: dict[str, Any] = json.load(file)
        return job

    def input(self, name: str) -> str:
        """Return the path of an array that the parent wrote."""
        return os.path.join(self._folder, "in", name + ".npy")

    def output(self, name: str) -> str:
        """Return the path for an array that the worker writes for the parent."""
        return os.path.join(self._folder, "out", name + ".npy")

    def progress(self, line: str) -> None:
        """Report in one line what is being done."""
        with open(os.path.join(self._folder, "progress"), "a", encoding="utf-8") as file:
            file.write(line.replace("\n", " ") + "\n")

    def link(self) -> Any:
        """Connect to a parent that sends messages and waits for answers."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(os.path.join(self._folder, "live"))
        return connection

    def finish(self, result: dict[str, Any]) -> None:
        """Write the result and the names of the written arrays."""
        names = sorted(os.listdir(os.path.join(self._folder, "out")))
        self._write({"result": result, "arrays": [name[: -len(".npy")] for name in names]})

    def fail(self, message: str, trace: str = "") -> None:
        """Write an error message instead of a result."""
        self._write({"error": message, "trace": trace})

    def _write(self, document: dict[str, Any]) -> None:
        path = os.path.join(self._folder, "result.json")
        with open(path + ".part", "w", encoding="utf-8") as file:
            json.dump(document, file)
        os.replace(path + ".part", path)


def _load(path: str, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python script")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main(worker: str, folder: str, *paths: str) -> None:
    """Run the worker's job; return exit code 0 only if there is a result."""
    sys.path.extend(paths)
    if paths:
        # These run on the CPU: a framework with kernels for GPUs would import torch's compiler for
        # them, which takes longer than all the rest.
        absent: Any = None
        sys.modules["triton"] = absent
    exchange = WorkerFolder(folder, worker)
    gc.set_threshold(_UNCOLLECTED)
    try:
        script = _load(worker, "worker")
        # What was imported stays: neither this process nor one that it forks looks at it again.
        gc.freeze()
        exchange.finish(script.run(exchange.job(), exchange))
    except Exception as error:
        exchange.fail(f"{type(error).__name__}: {error}", traceback.format_exc())
        # An ordinary exit would wait for processes that the worker may have left.
        os._exit(1)
    # Nor does the end, which would search all memory once more.
    gc.freeze()


if __name__ == "__main__":
    main(*sys.argv[1:])
