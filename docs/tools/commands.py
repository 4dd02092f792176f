"""The page on the command line, from the program itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from neurodeploy.cli.app import app

_HEAD = """# Command line

Every command, from the program itself: `neurodeploy COMMAND --help` shows the same. Progress and
words go to stderr, results to stdout, and `--json` makes the result one JSON document.
[Exit codes](../verification.md#exit-codes) are the same for all, and
[a project's settings](../ci.md#anywhere-else) stand in its `pyproject.toml`. Every command also
takes `--debug` (show the traceback of an error), `--quiet` (`-q`: print the result and errors
alone) and `--verbose` (`-v`: keep every line of progress, with its time).
"""
_OF_ALL = frozenset({"json", "debug", "quiet", "verbose", "help"})


def page() -> str:
    """Return the page."""
    root: Any = typer.main.get_command(app)
    return "\n\n".join([_HEAD.rstrip(), *_command("neurodeploy", root, 2)]) + "\n"


def _command(name: str, command: Any, level: int) -> Iterator[str]:
    """Yield the paragraphs on a command, and on those below it."""
    below = getattr(command, "commands", {})
    with typer.Context(command, info_name=name) as context:
        usage = " ".join(command.collect_usage_pieces(context))
        own = [each for each in command.get_params(context) if each.name not in _OF_ALL]
        rows = [row for each in own if (row := _row(each, context))]
    if level > 2 or not below:
        yield f"{'#' * level} {name}"
    if help_text := command.help:
        yield help_text.strip()
    yield f"```text\n{name} {usage}\n```"
    if rows:
        yield "\n".join(["| | |", "|---|---|", *rows])
    for each, child in below.items():
        yield from _command(f"{name} {each}", child, min(level + 1, 3))


def _row(parameter: Any, context: Any) -> str | None:
    record = parameter.get_help_record(context)
    if record is None:
        return None
    left, right = (" ".join(part.split()).replace("|", "\\|") for part in record)
    return f"| `{left}` | {_words(right)} |"


def _words(text: str) -> str:
    # Angle brackets would be read as tags.
    return text.replace("<", "&lt;").replace(">", "&gt;")
