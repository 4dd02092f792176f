"""How a function becomes a command: its arguments are parsed now, and it is run later."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from neurodeploy.cli.outcome import Outcome
from neurodeploy.cli.output import Output

# A command with its arguments; what is left to give is where it prints.
Command = Callable[[Output], Outcome]
P = ParamSpec("P")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A file that neurodeploy.save wrote.")]
ArtifactPlace = Annotated[
    Path,
    typer.Argument(metavar="ARTIFACT", help="A folder of export's, or a vendor's bare file."),
]
Build = Annotated[
    str | None,
    typer.Option(
        metavar="PACKAGE.MODULE:FUNCTION",
        help="The function of yours that makes the architecture, for a file of weights alone.",
    ),
]
Samples = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="An .npz with `samples` (T, N, ...), or an .npy."),
]
SimulatorName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A simulator other than those by default; or all; or none."),
]


def command(function: Callable[Concatenate[Output, P], Outcome]) -> Callable[..., Command]:
    """A function for typer that takes the arguments and returns the command, not yet run.

    So that a Ctrl-C, or an error, while it runs is ours to tell, not typer's.
    """
    signature = inspect.signature(function, eval_str=True)
    _, *own = signature.parameters.values()
    keyword = inspect.Parameter.KEYWORD_ONLY
    shared = [
        inspect.Parameter("json", keyword, default=False, annotation=Json),
        inspect.Parameter("debug", keyword, default=False, annotation=Debug),
    ]

    @wraps(function)
    def parsed(*, json: bool, debug: bool, **arguments: Any) -> Command:
        # Both were read before, so that errors of parsing know of them too.
        del json, debug
        return partial(function, **arguments)

    parsed.__dict__["__signature__"] = signature.replace(
        parameters=[*own, *shared], return_annotation=Command
    )
    return parsed
