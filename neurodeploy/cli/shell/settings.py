"""A project's own defaults: `[tool.neurodeploy]` in its pyproject.toml.

    [tool.neurodeploy]
    target = "loihi"             # for every command that has the option

    [tool.neurodeploy.verify]    # for one command
    simulator = "all"
    report = "reports"

The file is the nearest pyproject.toml, from the current folder upwards. Paths count from its
folder. What the command line says comes first.
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import typer
from typer.models import OptionInfo

from neurodeploy.errors import ValidationError

_FILE = "pyproject.toml"
_TABLE = "neurodeploy"
# A file of settings never says which code runs; the others are read before any file.
_REFUSED = frozenset({"build", "help", "json", "debug", "quiet", "verbose"})
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Option:
    """The parameter of an option, and whether it is a path."""

    name: str
    is_path: bool


def defaults(app: typer.Typer, folder: Path) -> dict[str, dict[str, Any]]:
    """Return each command's defaults by parameter, from the nearest file of settings.

    Raises:
        ValidationError: if the file is damaged, or names an option that there is not.
    """
    path = next((each / _FILE for each in (folder, *folder.parents) if _is_file(each)), None)
    table = {} if path is None else _table(path)
    if path is None or not table:
        return {}
    commands = {str(each.name): _options(each.callback) for each in app.registered_commands}
    _require_options(path, table, commands)
    common = {key: value for key, value in table.items() if not isinstance(value, dict)}
    return {
        command: {
            options[name].name: _located(options[name], value, path.parent)
            for name, value in (common | table.get(command, {})).items()
            if name in options
        }
        for command, options in commands.items()
    }


def _require_options(
    path: Path, table: Mapping[str, Any], commands: Mapping[str, Mapping[str, Option]]
) -> None:
    """Check that a command, or any, has each option.

    Raises:
        ValidationError: if none has it.
    """
    everywhere = {name for options in commands.values() for name in options}
    for key, value in table.items():
        names = set(commands) if isinstance(value, dict) else everywhere
        if key not in names:
            raise _unknown(path, key, names)
        for name in value if isinstance(value, dict) else ():
            if name not in commands[key]:
                raise _unknown(path, f"{key}.{name}", commands[key])


def _is_file(folder: Path) -> bool:
    try:
        return (folder / _FILE).is_file()
    except OSError:
        return False


def _table(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES)
        table = tomllib.loads(content.decode()).get("tool", {}).get(_TABLE, {})
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise ValidationError(f"{path}: cannot be read: {error}") from error
    if not isinstance(table, dict):
        raise ValidationError(f"{path}: [tool.{_TABLE}] is not a table")
    return table


def _options(function: Any) -> dict[str, Option]:
    """Return the options of a command, by the name that they have without dashes."""
    options = {}
    for parameter in inspect.signature(function).parameters.values():
        kind, described = get_args(parameter.annotation)[:2]
        if isinstance(described, OptionInfo):
            # The first word stands where a default would.
            words = [described.default, *(described.param_decls or ())]
            spelled = [word[2:] for word in words if isinstance(word, str) and word[:2] == "--"]
            for name in spelled or [parameter.name.replace("_", "-")]:
                options[name.partition("/")[0]] = Option(parameter.name, Path in _kinds(kind))
    return {name: option for name, option in options.items() if name not in _REFUSED}


def _kinds(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) or (annotation,)


def _located(option: Option, value: Any, folder: Path) -> Any:
    """Return a value of a file of settings; a path counts from the file's folder."""
    return str(folder / value) if option.is_path and isinstance(value, str) else value


def _unknown(path: Path, name: str, names: Any) -> ValidationError:
    listed = ", ".join(sorted(names))
    return ValidationError(f"{path}: tool.{_TABLE}.{name} is not an option", remedy=f"use {listed}")
