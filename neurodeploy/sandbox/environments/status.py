"""The state of an environment on this machine, and its problems."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from neurodeploy.errors import SimulatorMissingError
from neurodeploy.sandbox.environments.beside import missing_beside
from neurodeploy.sandbox.environments.environment import (
    OWN_PYTHON,
    Environment,
    interpreter_in,
)
from neurodeploy.sandbox.environments.record import Record, read_record
from neurodeploy.sandbox.environments.system import missing_in


class State(enum.Enum):
    """Whether an environment can be used."""

    INSTALLED = "installed"
    MISSING = "missing"
    BROKEN = "broken"


@dataclass(frozen=True)
class EnvironmentStatus:
    """An environment's state on this machine; `problem` and `remedy` describe what is wrong."""

    state: State
    path: Path
    python: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    size_mb: int = 0
    full: bool = False
    problem: str = ""
    remedy: str = ""


def status(env: Environment) -> EnvironmentStatus:
    """Return the state of an environment as the disk shows it, without running anything."""
    if not env.path.exists():
        return _without_record(env, State.MISSING, f"not installed in {env.path}")
    try:
        record = read_record(env.path)
    except (OSError, ValueError) as error:
        return _without_record(env, State.BROKEN, f"its record cannot be read: {error}")
    problem = _problem(env, record)
    return EnvironmentStatus(
        State.BROKEN if problem else State.INSTALLED,
        env.path,
        python=record.python,
        packages=record.packages,
        size_mb=record.size_mb,
        full=record.full,
        problem=problem,
        remedy=_remedy(env) if problem else "",
    )


def installed(env: Environment) -> Path:
    """Return the folder of a usable environment.

    Raises: SimulatorMissingError if it is not installed, or broken.
    """
    installation = status(env)
    if installation.state is not State.INSTALLED:
        raise SimulatorMissingError(
            f"{env.title}: {installation.problem}", remedy=installation.remedy
        )
    return env.path


def _without_record(env: Environment, state: State, problem: str) -> EnvironmentStatus:
    return EnvironmentStatus(state, env.path, problem=problem, remedy=_remedy(env))


def _remedy(env: Environment) -> str:
    return f"neurodeploy simulators install {env.name}"


def _problem(env: Environment, record: Record) -> str:
    interpreter = interpreter_in(env.path)
    if not interpreter.exists():
        return f"its Python is gone: {interpreter} leads to {interpreter.resolve()}"
    if env.system and (gone := missing_in(env.system, env.path)):
        return f"its programs are gone: {', '.join(gone)}"
    expected = {*env.pins(full=record.full), *env.without_dependencies}
    recorded = {*record.requirements, *record.without_dependencies}
    if expected != recorded:
        words = ", ".join(sorted(expected ^ recorded))
        return f"installed with other packages than this version needs: {words}"
    if env.beside and record.python.rpartition(".")[0] != OWN_PYTHON:
        return f"installed for Python {record.python}, and this is {OWN_PYTHON}"
    if missing := missing_beside(env):
        return f"uses {missing}, which is not installed beside neurodeploy"
    hashed = env.hashed(full=record.full)
    if hashed and not record.hashes:
        return "installed without the checksums that this version requires"
    if hashed and record.hashes != hashed.checksum:
        return "installed with other checksums than this version knows"
    return ""
