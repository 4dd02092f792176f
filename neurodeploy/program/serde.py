"""Programs as one JSON document, the same program always the same text."""

from __future__ import annotations

from typing import Any

from neurodeploy.data import codec
from neurodeploy.data.structure import Edge
from neurodeploy.errors import ValidationError
from neurodeploy.program.kinds import KINDS
from neurodeploy.program.program import SCHEMA, Program, document

_CLASSES: dict[str, type[Any]] = {"Edge": Edge} | {kind.__name__: kind for kind in KINDS}


def dumps(program: Program) -> str:
    """The program as text."""
    return codec.dumps(document(program))


def loads(text: str) -> Program:
    """The program that the text describes.

    Raises:
        ValidationError: if the text is no program of this schema.
    """
    held = codec.loads(text, _CLASSES, "a program")
    if held.get("schema") != SCHEMA:
        raise ValidationError(f"a program of schema {held.get('schema')}, not {SCHEMA}")
    return Program(codec.members(held, "nodes"), str(held.get("output")))
