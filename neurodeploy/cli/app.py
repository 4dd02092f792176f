"""All commands, and the parser that turns a run's arguments into one of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from neurodeploy.cli.command import Command, Debug, Json
from neurodeploy.cli.commands import (
    check,
    conformance,
    demo,
    export,
    inspect,
    new_target,
    run,
    targets,
    verify,
    view,
)
from neurodeploy.cli.commands.machine import completion, doctor, simulators
from neurodeploy.cli.commands.models import convert, faults, quantize, sweep
from neurodeploy.cli.commands.proving import prove
from neurodeploy.cli.failure import INTERRUPTED
from neurodeploy.cli.shell import settings
from neurodeploy.cli.shell.completion import PROGRAM, is_asked, prepare
from neurodeploy.cli.version import version

HELP = "One trained network, any chip, and the proof that the chip computes what was trained."
# Plain help is as readable, and takes half the time.
_PLAIN: dict[str, Any] = {"add_completion": False, "rich_markup_mode": None}

app = typer.Typer(help=HELP, epilog="Every command: --help, --json, --debug.", **_PLAIN)
for name, function in {
    "demo": demo.demo,
    "targets": targets.targets,
    "inspect": inspect.inspect,
    "check": check.check,
    "export": export.export,
    "verify": verify.verify,
    "prove": prove.prove,
    "quantize": quantize.quantize,
    "convert": convert.convert,
    "run": run.run,
    "sweep": sweep.sweep,
    "faults": faults.faults,
    "conformance": conformance.conformance,
    "view": view.view,
    "completion": completion.completion,
    "new-target": new_target.new_target,
}.items():
    app.command(name)(function)
_simulators = typer.Typer(help="Show, install and remove the vendors' simulators.", **_PLAIN)
app.add_typer(_simulators, name="simulators")
_simulators.command("list")(simulators.list_)
_simulators.command("install")(simulators.install)
_simulators.command("remove")(simulators.remove)
_simulators.command("doctor")(simulators.doctor)
app.command("doctor")(doctor.doctor)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
    json: Json = False,
    debug: Debug = False,
) -> Command | None:
    del json, debug
    if show_version and context.invoked_subcommand is None:
        return version
    if show_version or context.invoked_subcommand is None:
        context.fail("Missing command." if not show_version else "--version stands alone.")
    return None


@_simulators.callback(invoke_without_command=True)
def _list_simulators(
    context: typer.Context, json: Json = False, debug: Debug = False
) -> Command | None:
    return None if context.invoked_subcommand else simulators.list_(json=json, debug=debug)


def parsed(words: list[str]) -> Command | None:
    """Return the command that the words name, with its arguments, or None if they ask for help.

    Raises:
        TyperException: if they name no command, or its arguments do not fit.
        ValidationError: if the project's settings are damaged.
    """
    asks = is_asked()
    if asks:
        prepare()
    defaults = settings.defaults(app, Path.cwd())
    how: dict[str, Any] = {"prog_name": PROGRAM, "default_map": defaults}
    try:
        command = app(words, standalone_mode=False, **how)
    except SystemExit:
        # A shell's question was answered.
        if not asks:
            raise
        return None
    if command == INTERRUPTED:
        # typer turns a Ctrl-C into this number.
        raise KeyboardInterrupt
    return command if callable(command) else None
