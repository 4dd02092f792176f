"""Completion of words in a shell: the script that asks for them, and the answers."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

PROGRAM = "neurodeploy"
# A shell sets it when it asks for words.
_VARIABLE = "_NEURODEPLOY_COMPLETE"


def script_for(shell: str) -> str:
    """Return the script that completes words in a shell."""
    script: str = _machinery().get_completion_script(
        prog_name=PROGRAM, complete_var=_VARIABLE, shell=shell
    )
    return script


def is_asked() -> bool:
    """Return whether a shell asks for words, and no command is to run."""
    return bool(os.environ.get(_VARIABLE))


def prepare() -> None:
    """Let the parser answer a shell."""
    _machinery().completion_init()


def _machinery() -> Any:
    """Return typer's module for shells, which only they need."""
    return import_module("typer.completion")
