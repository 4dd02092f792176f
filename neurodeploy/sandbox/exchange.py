"""The parent's side of the worker protocol: a job goes in as files, a result comes out as files."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neurodeploy.errors import OutputError, SimulatorError, ValidationError

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class WorkerResult:
    """A worker's result, and the end of its output."""

    result: dict[str, object]
    arrays: dict[str, np.ndarray]
    log: str


@dataclass(frozen=True)
class Exchange:
    """The private folder of one worker."""

    folder: Path

    @property
    def progress(self) -> Path:
        """The file that the worker appends lines of progress to."""
        return self.folder / "progress"

    @property
    def has_result(self) -> bool:
        """Return whether the worker wrote a result."""
        return (self.folder / "result.json").exists()

    def write(self, job: Mapping[str, object], arrays: Mapping[str, np.ndarray]) -> None:
        """Write the job's files.

        Raises: ValidationError for an invalid name of an array, OutputError for a full disk.
        """
        for name in arrays:
            if not _NAME.fullmatch(name):
                raise ValidationError(
                    f"{name!r} is not a name for an array (use letters, digits, _)"
                )
        try:
            for folder in ("in", "out", "tmp"):
                (self.folder / folder).mkdir()
            for name, array in arrays.items():
                np.save(self.folder / "in" / f"{name}.npy", array, allow_pickle=False)
            (self.folder / "job.json").write_text(json.dumps(dict(job)), encoding="utf-8")
        except OSError as error:
            raise OutputError(
                f"{self.folder}: the simulator's job cannot be written: {error.strerror or error}",
                remedy="free some space, or let TMPDIR name a folder with more",
            ) from error

    def read(self, title: str, log: str) -> WorkerResult:
        """Return the worker's result.

        Raises: SimulatorError if the result is an error, or damaged.
        """
        try:
            document = json.loads((self.folder / "result.json").read_text(encoding="utf-8"))
            if "error" in document:
                words, trace = str(document["error"]), str(document.get("trace", ""))
                raise SimulatorError(f"{title}: {words}", log="\n".join(filter(None, (log, trace))))
            arrays = {name: self._array(name) for name in document["arrays"]}
            return WorkerResult(dict(document["result"]), arrays, log)
        except (ValueError, TypeError, KeyError, OSError, EOFError, MemoryError) as error:
            raise SimulatorError(
                f"{title}: its result cannot be read: {type(error).__name__}: {error}",
                remedy="see the worker's output",
                log=log,
            ) from error

    def _array(self, name: str) -> np.ndarray:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a name for an array")
        array: np.ndarray = np.load(self.folder / "out" / f"{name}.npy", allow_pickle=False)
        return array
