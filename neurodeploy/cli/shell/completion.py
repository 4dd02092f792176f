"""Completion of words in a shell: the script that asks for them, and the answers."""

from __future__ import annotations

import os

PROGRAM = "neurodeploy"
# A shell sets it when it asks for words.
_VARIABLE = "_NEURODEPLOY_COMPLETE"


def script_for(shell: str) -> str:
    """Return the script that completes words in a shell."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    script: str = get_completion_script(prog_name=PROGRAM, complete_var=_VARIABLE, shell=shell)
    return script


def is_asked() -> bool:
    """Return whether a shell asks for words, and no command is to run."""
    return bool(os.environ.get(_VARIABLE))


def prepare() -> None:
    """Let the parser answer a shell."""
    from typer.completion import completion_init  # type: ignore[attr-defined]

    completion_init()
