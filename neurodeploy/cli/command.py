"""The way a function becomes a command: its arguments are parsed now, and it runs later."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Annotated, Any, Concatenate, ParamSpec, get_type_hints

import typer

from neurodeploy.cli.outcome import Outcome
from neurodeploy.cli.output import Streams
from neurodeploy.cli.shell.names import simulator_names, target_names

# A command with its arguments; it still needs the output to print to.
Command = Callable[[Streams], Outcome]
P = ParamSpec("P")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print the result and errors, nothing else.")
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Keep every line of progress, with its time.")
]
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A file that neurodeploy.save wrote.")]
ArtifactPlace = Annotated[
    Path,
    typer.Argument(metavar="ARTIFACT", help="An exported folder, or a vendor's bare file."),
]
Build = Annotated[
    str | None,
    typer.Option(
        metavar="PACKAGE.MODULE:FUNCTION",
        help="Your function that builds the architecture, for a file of weights alone.",
    ),
]
Seconds = Annotated[
    float | None,
    typer.Option("--dt", metavar="S", help="The seconds of a step, which a NIR file does not say."),
]
Profile = Annotated[
    str | None,
    typer.Option(
        metavar="P",
        help="Whose reading of a NIR file: spec, snntorch, norse, sinabs, rockpool, spikingjelly "
        "or lava.",
    ),
]
ReadingChoices = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        metavar="NAME=VALUE",
        help="What a NIR file leaves open: reset=hard or soft, neurons=exact or zoo.",
    ),
]
Samples = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="An .npz with `samples` (T, N, ...), or an .npy."),
]
SimulatorName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The simulator to run instead of the defaults; all; or none.",
        autocompletion=simulator_names,
    ),
]
TargetName = Annotated[
    str,
    typer.Option(
        "--target",
        "-t",
        metavar="T",
        help="The target's name.",
        autocompletion=target_names,
    ),
]


@dataclass(frozen=True)
class ModelSource:
    """The model that a command starts from, and what builds its architecture."""

    model: Model
    build: Build = None
    dt: Seconds = None
    profile: Profile = None

    def load(self, **options: str) -> Any:
        """Return the network; options are those of a NIR file.

        Raises:
            ModelFileError: if the file cannot be read.
        """
        from neurodeploy.cli.places import load_model

        asked = {"dt": self.dt, "profile": self.profile}
        return load_model(self.model, self.build, asked, options)


def command(function: Callable[Concatenate[Streams, P], Outcome]) -> Callable[..., Command]:
    """Return a function for typer that takes the arguments and returns the command, not yet run.

    So we, not typer, handle a Ctrl-C or an error while the command runs. A parameter whose type is
    a dataclass is a group: each of its fields is an option.
    """
    signature = inspect.signature(function, eval_str=True)
    _, *own = signature.parameters.values()
    groups: dict[str, Any] = {p.name: p.annotation for p in own if is_dataclass(p.annotation)}
    flat = [one for each in own for one in _flat(each)]
    kinds = {"json": Json, "debug": Debug, "quiet": Quiet, "verbose": Verbose}
    shared = [_keyword(name, kind, default=False) for name, kind in kinds.items()]

    @wraps(function)
    def parsed(**arguments: Any) -> Command:
        # They were read before parsing, so that parsing errors respect them too.
        for name in kinds:
            arguments.pop(name, None)
        for name, kind in groups.items():
            members = {field.name: arguments.pop(field.name) for field in fields(kind)}
            arguments[name] = kind(**members)
        return partial(function, **arguments)

    parsed.__dict__["__signature__"] = signature.replace(
        parameters=[*flat, *shared], return_annotation=Command
    )
    return parsed


def _flat(parameter: inspect.Parameter) -> Iterator[inspect.Parameter]:
    """Yield the parameter, or one for each field of a group."""
    kind = parameter.annotation
    if not is_dataclass(kind):
        yield _keyword(parameter.name, kind, default=parameter.default)
        return
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        default = inspect.Parameter.empty if field.default is MISSING else field.default
        yield _keyword(field.name, hints[field.name], default=default)


def _keyword(name: str, annotation: Any, *, default: Any) -> inspect.Parameter:
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, keyword, default=default, annotation=annotation)


def reading_choices(words: list[str]) -> dict[str, Any]:
    """Return what a file leaves open, by name.

    Raises:
        TyperException: if one is not NAME=VALUE.
    """
    pairs = [each.partition("=") for each in words]
    for name, sign, _ in pairs:
        if not sign or not name or name in ("dt", "profile"):
            raise typer.TyperException(f"--option {name!r}: give it as NAME=VALUE")
    return {name: value for name, _, value in pairs}
