"""The one table from exception to words: what went wrong, what to do, and the exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from typer import Abort, TyperException

from neurodeploy.data.files import REMEDIES
from neurodeploy.errors import NeurodeployError

USAGE = 2
INTERNAL = 70
INTERRUPTED = 130


@dataclass(frozen=True)
class Failure:
    """An error as it is reported to a person and to a program."""

    kind: str
    message: str
    remedy: str | None
    exit_code: int
    # The end of a simulator's output.
    log: str = ""

    def document(self) -> dict[str, Any]:
        """Return the failure as plain data."""
        document = {
            "type": self.kind,
            "message": self.message,
            "remedy": self.remedy,
            "exit_code": self.exit_code,
        }
        return {"error": document | ({"log": self.log} if self.log else {})}


def failure_of(error: BaseException) -> Failure:
    """Return the report of an exception."""
    if any(isinstance(cause, KeyboardInterrupt | Abort) for cause in _causes(error)):
        return Failure("Interrupted", "interrupted", None, INTERRUPTED)
    words = next(words for kind, words in _TABLE if isinstance(error, kind))
    failure = words(error)
    # Such as the plug-in that met a full disk.
    notes = getattr(error, "__notes__", ())
    return replace(failure, message="\n".join((failure.message, *notes)))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    # An exception that is raised again while it is handled can be part of its own history.
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _ours(error: Any) -> Failure:
    log = getattr(error, "log", "")
    return Failure(type(error).__name__, error.message, error.remedy, error.exit_code, log)


def _usage(error: Any) -> Failure:
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "neurodeploy")
    message = " ".join(error.format_message().split())
    return Failure("UsageError", message, f"see {command} --help", USAGE)


def _memory(error: BaseException) -> Failure:
    detail = f": {_first_line(error)}" if str(error) else ""
    remedy = "give it fewer samples or steps, or fewer --jobs"
    return Failure("MemoryError", f"there is not enough memory{detail}", remedy, USAGE)


def _system(error: Any) -> Failure:
    prefix = f"{error.filename}: " if error.filename is not None else ""
    words = error.strerror or _first_line(error)
    remedy = REMEDIES.get(error.errno or 0)
    return Failure(type(error).__name__, f"{prefix}{words}", remedy, USAGE)


def _runtime(error: BaseException) -> Failure:
    # torch has no separate exception for this on the CPU.
    return _memory(error) if "allocate memory" in str(error) else _unexpected(error)


def _unexpected(error: BaseException) -> Failure:
    message = f"unexpected {type(error).__name__}: {_first_line(error)}"
    remedy = "run it again with --debug to see where it comes from, and please report it"
    return Failure(type(error).__name__, message, remedy, INTERNAL)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or ["no message"])[0]


_TABLE: tuple[tuple[type[BaseException], Callable[[Any], Failure]], ...] = (
    (NeurodeployError, _ours),
    (TyperException, _usage),
    (MemoryError, _memory),
    (OSError, _system),
    (RuntimeError, _runtime),
    (BaseException, _unexpected),
)
