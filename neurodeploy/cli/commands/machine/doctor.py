"""`neurodeploy doctor`: the state of this installation, and its problems."""

from __future__ import annotations

import warnings
from typing import Any

from neurodeploy.cli import trial
from neurodeploy.cli.command import command
from neurodeploy.cli.commands.machine import simulators
from neurodeploy.cli.outcome import Block, Line, Outcome, Table, Tone, title
from neurodeploy.cli.output import Streams
from neurodeploy.cli.views import installation

_BROKEN = 4


@command
def doctor(output: Streams) -> Outcome:
    """Show the state of this installation, and its problems."""
    from neurodeploy.sandbox import status
    from neurodeploy.target import targets

    with output.progress() as say, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        say("looking for targets")
        installed = targets()
        environments = simulators.environments()
        say("looking for a GPU and a compiler")
        gpu, compiler = installation.gpu(), installation.compiler()
        say("writing a small network for each target")
        unwritten = list(trial.failures(installed))
        say("looking for Pythons")
        versions = sorted({env.pythons for env in environments.values()})
        pythons = {" or ".join(each): installation.python_for(each) for each in versions}
    broken = [str(each.message) for each in caught if "is broken" in str(each.message)]
    document: dict[str, Any] = {
        "versions": installation.versions(),
        "gpu": gpu,
        "compiler": compiler,
        "targets": sorted(installed),
        "problems": [*installation.clashes(), *broken, *unwritten],
        "pythons": {name: path for name, (path, _) in pythons.items()},
        "simulators": [simulators.as_data(env, status(env)) for env in environments.values()],
    }
    remedies = {name: remedy for name, (_, remedy) in pythons.items()}
    states = [each["state"] for each in document["simulators"]]
    sound = not document["problems"] and "broken" not in states
    return Outcome(document, _blocks(document, remedies), 0 if sound else _BROKEN)


def _blocks(document: dict[str, Any], remedies: dict[str, str]) -> list[Block]:
    rows = [(name, number or "missing") for name, number in document["versions"].items()]
    rows += [("GPU", document["gpu"]), ("C++ compiler", document["compiler"])]
    rows += [("targets", ", ".join(document["targets"]) or "none")]
    problems = [Line(f"  {problem}", Tone.BAD) for problem in document["problems"]]
    pythons = [
        Line(f"  {name}: {path}") if path else Line(f"  {name}: {remedies[name]}", Tone.DOUBTFUL)
        for name, path in document["pythons"].items()
    ]
    states = [simulators.state_line(f"  {each['name']}", each) for each in document["simulators"]]
    return [
        Line("versions", Tone.TITLE),
        Table(("", ""), [(f"  {name}", value) for name, value in rows]),
        *title("problems"),
        *(problems or [Line("  none", Tone.GOOD)]),
        *title("Pythons for simulators"),
        *pythons,
        *title("simulators"),
        *states,
    ]
