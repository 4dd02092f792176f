"""`neurodeploy completion`: the script that completes words in a shell."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from neurodeploy.cli.command import command
from neurodeploy.cli.outcome import Line, Outcome
from neurodeploy.cli.output import Streams
from neurodeploy.cli.shell.completion import script_for


class Shell(StrEnum):
    """The shells that have completion."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


Name = Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")]


@command
def completion(output: Streams, shell: Name) -> Outcome:
    """Print the script that completes words in a shell, to be read when it starts."""
    script = script_for(shell.value)
    return Outcome({"shell": shell.value, "script": script}, [*map(Line, script.splitlines())])
