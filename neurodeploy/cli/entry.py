"""The entry point and the only exit: the one `try`, the exit code, and the effect of Ctrl-C."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from types import FrameType
from typing import TextIO

# The exit code that a shell reports for a program that the signal ended.
_BROKEN_PIPE = 141
_TERMINATED = 143
# Objects between two searches for garbage: a command mostly imports, which makes none.
_UNCOLLECTED = 20_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; never raise, as the process ends afterwards."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        gc.set_threshold(_UNCOLLECTED)
    terminated: list[int] = []
    try:
        _treat_termination_as_interrupt(terminated)
        code = _run(words)
        _ignore_interrupts()
    except BaseException as error:  # noqa: BLE001  # nothing may leave as a bare traceback
        _ignore_interrupts()
        code = _reported(error, words, bool(terminated))
    if arguments is None:
        # The process ends, and its memory with it: Python need not look through it once more.
        gc.freeze()
    return code


def _run(words: list[str]) -> int:
    # Everything is imported here, so that the `try` catches a Ctrl-C at any time.
    import warnings

    from neurodeploy.cli.app import parsed
    from neurodeploy.cli.output import flush, output_for, prepare_streams

    prepare_streams()
    output = output_for(words)
    warnings.showwarning = lambda message, *_, **__: output.warn(str(message))
    command = parsed(words or ["--help"])
    if command is None:
        flush()
        return 0
    # In a JSON run, only the document goes to stdout, whatever the user's own code prints.
    with redirect_stdout(sys.stderr if output.json else sys.stdout):
        outcome = command(output)
    output.show(outcome)
    return outcome.exit_code


def _reported(error: BaseException, words: list[str], terminated: bool) -> int:
    if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):
        _silence(sys.stdout, sys.stderr)
        return _BROKEN_PIPE
    from neurodeploy.cli.failure import INTERRUPTED, failure_of
    from neurodeploy.cli.output import output_for

    failure = failure_of(error)
    try:
        output_for(words).fail(failure, error)
    except OSError:
        _silence(sys.stdout, sys.stderr)
    return _TERMINATED if terminated and failure.exit_code == INTERRUPTED else failure.exit_code


def _treat_termination_as_interrupt(signals: list[int]) -> None:
    """Make SIGTERM clean up like Ctrl-C, on systems that have Ctrl-C."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        signals.append(number)
        signal.raise_signal(signal.SIGINT)

    with suppress(ValueError):
        # Only the main thread handles signals.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _interrupt)
            signal.signal(signal.SIGTERM, interrupt)


class _Interrupt(KeyboardInterrupt):
    """A Ctrl-C that was handled.

    A plain KeyboardInterrupt that passes through `exec` of a text, as in dataclasses, is noted by
    Python as unhandled: the process would end by the signal, whatever its exit code.
    """


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise _Interrupt


def _ignore_interrupts() -> None:
    """Ignore further interrupts: only printing and leaving remain."""
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _silence(*streams: TextIO) -> None:
    """Redirect a broken stream, so that Python's final flush does not fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
