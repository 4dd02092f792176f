"""The way in and the only way out: the one `try`, the exit code, and what Ctrl-C does."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from typing import Any

from neurodeploy.cli.output import Output, prepare_streams

# As the shell reports a program that the signal ended.
_BROKEN_PIPE = 141
_TERMINATED = 143


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code and never raises."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = given[: given.index("--")] if "--" in given else given
    output = Output(json="--json" in options, debug="--debug" in options)
    terminated: list[int] = []
    try:
        prepare_streams()
        _treat_termination_as_interrupt(terminated)
        return _run(given, output)
    except BaseException as error:  # noqa: BLE001  # nothing may leave as a bare traceback
        _ignore_further_interrupts()
        return _told(error, output, terminated)


def _run(given: list[str], output: Output) -> int:
    # What the words mean is imported here, so that Ctrl-C meets the `try` whenever it comes.
    import warnings

    from neurodeploy.cli.app import parsed

    warnings.showwarning = lambda message, *_, **__: output.warn(str(message))
    command = parsed(given or ["--help"])
    if command is None:
        sys.stdout.flush()
        return 0
    # In a JSON run stdout holds the document alone, whatever the user's own code prints.
    with redirect_stdout(sys.stderr if output.json else sys.stdout):
        outcome = command(output)
    output.show(outcome)
    return outcome.exit_code


def _told(error: BaseException, output: Output, terminated: list[int]) -> int:
    if isinstance(error, BrokenPipeError) or isinstance(error.__context__, BrokenPipeError):
        _silence(sys.stdout, sys.stderr)
        return _BROKEN_PIPE
    from neurodeploy.cli.failure import INTERRUPTED, failure_of

    failure = failure_of(error)
    try:
        output.fail(failure, error)
    except OSError:
        _silence(sys.stdout, sys.stderr)
    return _TERMINATED if terminated and failure.exit_code == INTERRUPTED else failure.exit_code


def _treat_termination_as_interrupt(came: list[int]) -> None:
    """Have SIGTERM clear away what Ctrl-C clears away, where there is a Ctrl-C."""

    def interrupt(number: int, frame: Any) -> None:
        came.append(number)
        signal.raise_signal(signal.SIGINT)

    with suppress(ValueError):
        # Signals belong to the main thread.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGTERM, interrupt)


def _ignore_further_interrupts() -> None:
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _silence(*streams: Any) -> None:
    """Let Python find no fault with a stream that is gone when it flushes it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
