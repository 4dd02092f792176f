"""The packages of the environment that runs neurodeploy, for the simulators that use them."""

from importlib.util import find_spec
from pathlib import Path

from neurodeploy.sandbox.environments.environment import Environment


def missing_beside(env: Environment) -> str:
    """Return the first package that a simulator uses and that is not here, or nothing."""
    return next((name for name in env.beside if find_spec(name) is None), "")


def paths_beside(env: Environment) -> tuple[str, ...]:
    """Return the folders in which those packages lie."""
    specs = map(find_spec, env.beside)
    places = (Path(spec.origin).parents[1] for spec in specs if spec and spec.origin)
    return tuple(dict.fromkeys(map(str, places)))
