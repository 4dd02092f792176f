"""Targets of third parties: an error that one raises by mistake names its package."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib.metadata import EntryPoint
from typing import Any

from neurodeploy.distribution import DISTRIBUTION
from neurodeploy.errors import NeurodeployError, PluginError

# Our own distribution: a mistake of its targets is a defect of ours, and is reported as such.


class Guarded:
    """A third party's target with the same attributes and wrapped functions."""

    def __init__(self, target: Any, entry: EntryPoint) -> None:
        self._target = target
        for name in (name for name in dir(target) if not name.startswith("_")):
            value = getattr(target, name)
            function = callable(value) and not isinstance(value, type)
            setattr(self, name, _guarded(target, name, entry) if function else value)

    def __repr__(self) -> str:
        return f"Guarded({self._target!r})"


def guarded(target: Any, entry: EntryPoint) -> Any:
    """Return the object of an entry point, wrapped unless it is ours."""
    return target if _distribution(entry)[0] == DISTRIBUTION else Guarded(target, entry)


def _guarded(target: Any, name: str, entry: EntryPoint) -> Callable[..., Any]:
    """Return the target's function of that name, which raises only errors that name its package."""

    @wraps(getattr(target, name))
    def function(*arguments: Any, **options: Any) -> Any:
        try:
            return getattr(target, name)(*arguments, **options)
        except NeurodeployError:
            raise
        except (MemoryError, OSError) as error:
            # The machine's errors keep their kind, and so their exit code.
            error.add_note(f"in {name} of {_words(entry)}")
            raise
        # A plug-in may raise anything, and even exit.
        except (Exception, SystemExit) as error:
            raise _defect(error, name, entry) from error

    return function


def _defect(error: BaseException, name: str, entry: EntryPoint) -> PluginError:
    distribution, _ = _distribution(entry)
    detail = f": {str(error).strip().splitlines()[0]}" if str(error).strip() else ""
    return PluginError(
        f"{_words(entry)}: {name} raised {type(error).__name__}{detail}",
        remedy=f"this is a defect of {distribution}, not of neurodeploy: run it again with --debug "
        f"to see where it is, and report it there, or remove it (pip uninstall {distribution})",
    )


def _words(entry: EntryPoint) -> str:
    return f"target {entry.name} ({entry.value} of {' '.join(_distribution(entry)).strip()})"


def _distribution(entry: EntryPoint) -> tuple[str, str]:
    """Return the name and version of the package that provides an entry point."""
    if entry.dist is None:
        return "an unknown package", ""
    return entry.dist.name, entry.dist.version
