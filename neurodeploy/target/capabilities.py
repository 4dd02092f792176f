"""A target's static facts, and the options that it leaves to the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neurodeploy.errors import (
    ValidationError,
)


@dataclass(frozen=True)
class Option:
    """A choice that an export leaves to the user; its type is the type of its default."""

    meaning: str
    default: str | int | bool
    choices: tuple[str, ...] = ()

    def value(self, name: str, value: Any) -> str | int | bool:
        """Return a given value, or its text, in the option's type.

        Raises:
            ValidationError: if it is not one of the choices, or of another type.
        """
        parsed = value
        if isinstance(value, str) and not isinstance(self.default, str):
            words = {"true": True, "yes": True, "false": False, "no": False}
            number = int(value) if value.isascii() and value.isdigit() else value
            parsed = words.get(value.lower(), value) if isinstance(self.default, bool) else number
        if type(parsed) is not type(self.default) or (self.choices and parsed not in self.choices):
            kinds = {bool: "yes or no", int: "a whole number", str: "a word"}
            expected = " or ".join(self.choices) or kinds[type(self.default)]
            raise ValidationError(f"option {name}: {value!r} is not {expected}")
        checked: str | int | bool = parsed
        return checked


@dataclass(frozen=True)
class Capabilities:
    """A target's static facts."""

    title: str
    layers: tuple[str, ...]
    neurons: tuple[str, ...]
    limits: Mapping[str, str] = field(default_factory=dict)
    # Endings of the vendor's own files, which are accepted wherever an artifact is.
    suffixes: tuple[str, ...] = ()
    exact: bool = True
    # The largest sum of spikes that its programs hold as a value; 0 if what reads a sum weighs each
    # of its terms.
    largest_sum: int = 0
    # The options of an export; `compile` accepts these as keywords and no others.
    options: Mapping[str, Option] = field(default_factory=dict)
