"""`neurodeploy simulators`: list, install, remove and test simulators."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neurodeploy.cli.command import command
from neurodeploy.cli.outcome import Block, Line, Outcome, Table, Tone
from neurodeploy.cli.output import Streams

if TYPE_CHECKING:
    from neurodeploy.sandbox import Environment, EnvironmentStatus

Name = Annotated[str, typer.Argument(metavar="NAME", help="The simulator's name.")]
OrAll = Annotated[
    str, typer.Argument(metavar="NAME", help="The simulator's name, or all of them: all.")
]
_ALL = "all"
_BROKEN = 4


@command
def list_(output: Streams) -> Outcome:
    """Show all simulators, and which are installed."""
    from neurodeploy.sandbox import status, tidy

    tidy()
    states = {name: (env, status(env)) for name, env in environments().items()}
    rows = [
        (name, env.title, *_cells(env, installation))
        for name, (env, installation) in states.items()
    ]
    headings = ("name", "simulator", "state", "python", "size", "place or remedy")
    document = [as_data(env, installation) for env, installation in states.values()]
    blocks = [Table(headings, rows)] if rows else [Line("No target brings a simulator.")]
    return Outcome({"simulators": document}, blocks)


@command
def install(
    output: Streams,
    name: OrAll,
    pip_args: Annotated[
        str, typer.Option(metavar="WORDS", help="More arguments for pip, such as --index-url.")
    ] = "",
    full: Annotated[
        bool, typer.Option("--full", help="Install everything that the vendor's package requires.")
    ] = False,
    reinstall: Annotated[
        bool, typer.Option("--reinstall", help="Install again, even if it is installed.")
    ] = False,
) -> Outcome:
    """Install a simulator into its own environment, whole or not at all."""
    from neurodeploy.errors import SimulatorMissingError
    from neurodeploy.sandbox import install as install_environment

    chosen = tuple(environments().values()) if name == _ALL else (environment(name),)
    try:
        words = shlex.split(pip_args)
    except ValueError as error:
        raise typer.BadParameter(f"{pip_args!r}: {error}", param_hint="--pip-args") from error
    with output.progress(lasting=True) as say:
        how: dict[str, Any] = {"pip_args": words, "full": full, "reinstall": reinstall}
        installed = []
        for env in chosen:
            try:
                installed.append((env, install_environment(env, progress=say, **how)))
            except SimulatorMissingError as error:
                # Of all, those that need what this system lacks are left out, with a word.
                if name != _ALL:
                    raise
                output.warn(str(error))
    lines = [
        Line(
            f"{env.title} is installed in {installation.path} ({installation.size_mb} MB)",
            Tone.GOOD,
        )
        for env, installation in installed
    ]
    documents = [as_data(env, installation) for env, installation in installed]
    code = 0 if len(installed) == len(chosen) else _BROKEN
    return Outcome({"simulators": documents} if name == _ALL else documents[0], lines, code)


@command
def remove(output: Streams, name: Name) -> Outcome:
    """Remove a simulator."""
    from neurodeploy.sandbox import remove as remove_environment

    env = environment(name)
    with output.progress() as say:
        removed = remove_environment(env, progress=say)
    sentence = f"{env.title} is removed" if removed else f"{env.title} was not installed"
    return Outcome({"name": name, "removed": removed}, (Line(sentence),))


@command
def doctor(output: Streams) -> Outcome:
    """Run each installed simulator's self-test."""
    from neurodeploy.errors import SimulatorError
    from neurodeploy.sandbox import State, check, status

    documents: list[dict[str, Any]] = []
    blocks: list[Block] = []
    works = True
    for name, env in environments().items():
        installation = status(env)
        document = as_data(env, installation)
        if installation.state is State.INSTALLED:
            try:
                with output.progress() as say:
                    say(f"testing {env.title}")
                    document["self_test"] = check(env, progress=say).result
            except SimulatorError as error:
                document |= {"state": State.BROKEN.value, "problem": str(error), "log": error.log}
        works = works and document["state"] != State.BROKEN.value
        documents.append(document)
        blocks.append(state_line(name, document))
    return Outcome({"simulators": documents}, blocks, 0 if works else _BROKEN)


def environments() -> dict[str, Environment]:
    """Return the environments of all targets' simulators and tools, and of the solvers, by name.

    Several simulators, also of several targets, may run in one environment. The solvers that
    `prove` asks are one more.
    """
    from neurodeploy.proof import SOLVERS
    from neurodeploy.sandbox import Environment
    from neurodeploy.target import Synthesizes, targets

    simulators = {
        each.name: each
        for chip in targets().values()
        for each in chip.simulators.values()
        if isinstance(each, Environment)
    }
    tools = {
        name: each
        for chip in targets().values()
        if isinstance(chip, Synthesizes)
        for name, each in chip.tools.items()
    }
    return simulators | tools | {SOLVERS.name: SOLVERS}


def environment(name: str) -> Environment:
    """Return the simulator of that name.

    Raises:
        UnknownNameError: if there is none; lists those there are.
    """
    from neurodeploy.errors import UnknownNameError

    installable = environments()
    if name not in installable:
        listed = ", ".join(installable) or "none"
        raise UnknownNameError(f"no simulator {name!r}; there are: {listed}")
    return installable[name]


def as_data(env: Environment, installation: EnvironmentStatus) -> dict[str, Any]:
    """Return a simulator as plain data."""
    download, disk = env.size_mb(full=False)
    return {
        "name": env.name,
        "title": env.title,
        "state": installation.state.value,
        "path": str(installation.path),
        "python": installation.python or env.python,
        "full": installation.full,
        "size_mb": installation.size_mb,
        "download_mb": download,
        "disk_mb": disk,
        "packages": dict(installation.packages),
        "hashes": str(env.hashes) if env.hashes else None,
        "problem": installation.problem,
        "remedy": installation.remedy,
    }


def state_line(name: str, document: dict[str, Any]) -> Line:
    """Return a simulator's state in one line."""
    tone = {"installed": Tone.GOOD, "missing": Tone.DOUBTFUL}.get(document["state"], Tone.BAD)
    problem = f": {document['problem']}" if document["problem"] else ""
    remedy = f" ({document['remedy']})" if document["remedy"] else ""
    tested = ", its self-test passed" if "self_test" in document else ""
    return Line(f"{name}: {document['state']}{tested}{problem}{remedy}", tone)


def _cells(env: Environment, installation: EnvironmentStatus) -> tuple[str, str, str, str]:
    document = as_data(env, installation)
    size = f"{installation.size_mb} MB"
    if installation.state.value == "missing":
        size = f"{document['disk_mb']} MB, {document['download_mb']} of it to download"
    return (
        installation.state.value,
        document["python"],
        size,
        installation.remedy or str(installation.path),
    )
