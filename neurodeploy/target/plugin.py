"""Targets of third parties: what one raises by mistake names the package that it comes from."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib.metadata import EntryPoint
from typing import Any

from neurodeploy.distribution import DISTRIBUTION
from neurodeploy.errors import NeurodeployError, PluginError

# Our own: what its targets raise by mistake is a defect of ours, and told as such.


class Guarded:
    """A target of a third party's with the same attributes, its functions wrapped."""

    def __init__(self, target: Any, entry: EntryPoint) -> None:
        self._target = target
        for name in (name for name in dir(target) if not name.startswith("_")):
            value = getattr(target, name)
            function = callable(value) and not isinstance(value, type)
            setattr(self, name, _guarded(target, name, entry) if function else value)

    def __repr__(self) -> str:
        return f"Guarded({self._target!r})"


def guarded(target: Any, entry: EntryPoint) -> Any:
    """Return what an entry point gave, wrapped unless it is ours."""
    return target if _distribution(entry)[0] == DISTRIBUTION else Guarded(target, entry)


def _guarded(target: Any, name: str, entry: EntryPoint) -> Callable[..., Any]:
    """Return the target's function of that name, which raises only errors that say whose it is."""

    @wraps(getattr(target, name))
    def function(*arguments: Any, **options: Any) -> Any:
        try:
            return getattr(target, name)(*arguments, **options)
        except NeurodeployError:
            raise
        except (MemoryError, OSError) as error:
            # The machine's conditions keep their kind, and so their exit code.
            error.add_note(f"in {name} of {_words(entry)}")
            raise
        # A plug-in may raise anything, and even leave.
        except (Exception, SystemExit) as error:
            raise _defect(error, name, entry) from error

    return function


def _defect(error: BaseException, name: str, entry: EntryPoint) -> PluginError:
    distribution, _ = _distribution(entry)
    what = f": {str(error).strip().splitlines()[0]}" if str(error).strip() else ""
    return PluginError(
        f"{_words(entry)}: {name} raised {type(error).__name__}{what}",
        remedy=f"this is a defect of {distribution}, not of neurodeploy: run it again with --debug "
        f"to see where it is, and report it there, or remove it (pip uninstall {distribution})",
    )


def _words(entry: EntryPoint) -> str:
    return f"target {entry.name} ({entry.value} of {' '.join(_distribution(entry)).strip()})"


def _distribution(entry: EntryPoint) -> tuple[str, str]:
    """Return the name and version of what provides an entry point."""
    if entry.dist is None:
        return "an unknown package", ""
    return entry.dist.name, entry.dist.version
