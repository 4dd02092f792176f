"""The two output streams: results and JSON on stdout, messages and progress on stderr."""

from __future__ import annotations

import io
import json
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from neurodeploy.cli.outcome import Block, Line, Outcome, Table, Tone
from neurodeploy.cli.shell.pace import Pace
from neurodeploy.errors import OutputError

if TYPE_CHECKING:
    from rich.console import Console

    from neurodeploy.cli.failure import Failure

# Without a terminal nothing is wrapped, because a program or a file reads the output.
_UNWRAPPED = 10_000
_LOG_LINES = 12


@dataclass(frozen=True)
class Streams:
    """The two streams of one run, and how much goes to them."""

    json: bool = False
    debug: bool = False
    # Whether only the result and errors are printed.
    quiet: bool = False
    # Whether every line of progress stays, with the time that it came.
    verbose: bool = False

    def warn(self, text: str) -> None:
        """Print a warning, unless the run is quiet."""
        if self.quiet:
            return
        self.say(f"warning: {text}", Tone.DOUBTFUL)

    def say(self, text: str, tone: Tone = Tone.PLAIN) -> None:
        """Print a line beside the result."""
        _print(_console(sys.stderr), Line(text, tone))

    @contextmanager
    def progress(self, *, lasting: bool = False) -> Iterator[Callable[[str], None]]:
        """Yield a function that reports progress in one changing line, or in `lasting` lines."""
        if self.quiet:
            yield lambda line: None
            return
        console, pace = _console(sys.stderr), Pace()
        if self.verbose or not console.is_terminal:
            yield lambda line: self.say(f"{pace.time()} {line}" if self.verbose else line)
            return
        with console.status("") as status:

            def tell(line: str) -> None:
                if lasting:
                    _print(console, Line(line, Tone.ASIDE))
                now: Any = _Waiting(line, pace.waiting(line), max(console.width - 4, 1))
                status.update(now)

            yield tell

    def show(self, outcome: Outcome) -> None:
        """Print the result of a command.

        Raises:
            OutputError: if stdout cannot be written to.
        """
        try:
            if self.json:
                _print_document(outcome.document)
            else:
                _print(_console(sys.stdout), *outcome.blocks)
            flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"standard output: cannot be written: {error.strerror}") from error

    def fail(self, failure: Failure, error: BaseException) -> None:
        """Print what went wrong."""
        if self.debug:
            traceback.print_exception(error)
        for line in failure.log.splitlines()[-_LOG_LINES:]:
            self.say(f"  | {line}", Tone.ASIDE)
        first, *more = failure.message.splitlines() or [""]
        self.say(f"error: {first}", Tone.BAD)
        for line in more:
            self.say(line)
        if failure.remedy:
            self.say(f"  remedy: {failure.remedy}")
        if self.json:
            _print_document(failure.document())
        flush()


@dataclass(frozen=True)
class _Waiting:
    """The line of progress that stands, with the time that it takes, drawn anew again and again."""

    line: str
    time: Callable[[], str]
    width: int

    def __rich__(self) -> Any:
        now = _text(self.line + self.time(), Tone.PLAIN)
        now.truncate(self.width, overflow="ellipsis")
        return now


def output_for(words: Sequence[str]) -> Streams:
    """Return the output that the words ask for; read before parsing, which may fail."""
    options = words[: words.index("--")] if "--" in words else words
    return Streams(
        json="--json" in options,
        debug="--debug" in options,
        quiet=not {"--quiet", "-q"}.isdisjoint(options),
        verbose=not {"--verbose", "-v"}.isdisjoint(options),
    )


def prepare_streams() -> None:
    """Let no character that a terminal cannot show end the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush() -> None:
    """Flush all output; a stream that was closed from the start does not count."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def _print_document(document: Mapping[str, Any]) -> None:
    text = json.dumps(document, indent=1, allow_nan=False)
    if sys.stdout is not None:
        sys.stdout.write(text + "\n")


def _console(stream: TextIO) -> Console:
    # rich takes a third of the time that --help may take, and --help does not need it.
    from rich.console import Console

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _UNWRAPPED
    return console


def _print(console: Console, *blocks: Block) -> None:
    for block in blocks:
        if isinstance(block, Line):
            console.print(_text(block.text, block.tone), soft_wrap=True)
            continue
        with console.capture() as drawn:
            console.print(_table(block))
        for line in drawn.get().splitlines():
            console.file.write(line.rstrip() + "\n")


def _table(block: Table) -> Any:
    from rich.table import Table as RichTable

    table = RichTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.show_header = any(block.headings)
    for heading in block.headings:
        right = heading in block.numbers
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for row in block.rows:
        table.add_row(*(_text(cell, Tone.PLAIN) for cell in row))
    return table


def _text(text: str, tone: Tone) -> Any:
    from rich.text import Text

    # Invisible characters are spelled out, so that no name can control the terminal.
    visible = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return Text(visible, style=str(tone))
