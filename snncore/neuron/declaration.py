"""The declaration of a class of neurons: its states, parameters and choices, all checked."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from torch import nn

from snncore.dynamics import Equations
from snncore.dynamics.equations import Step
from snncore.neuron.parameters import Given

Choice = bool | int | str

# Arguments that every class of neurons takes, and attributes that every module has.
_OPTIONS = frozenset(
    {"learnable", "surrogate", "step_mode", "backend", "output", "keep_states"}
    | {"function", "equations", "initial"}
)
_TAKEN = _OPTIONS | {"states", "input_shape", "record", "training", "choices", "declaration"}


@dataclass(frozen=True)
class Declaration:
    """The arguments that a class of neurons takes, with their defaults."""

    states: Mapping[str, float]
    params: Mapping[str, float]
    choices: Mapping[str, Choice]
    # The smallest and the largest number that a parameter or a choice may be.
    limits: Mapping[str, tuple[float, float]]
    positional: tuple[str, ...]
    learnable: tuple[str, ...]

    def check(self, function: Step, equations: Equations, inputs: int) -> None:
        """Check that the declaration describes this step function.

        Raises:
            TypeError: if a name or a default is not possible; names the neuron and its line.
            ValueError: if a number is NaN.
        """
        code = function.__code__
        where = f"{equations.name} ({code.co_filename}:{code.co_firstlineno})"
        if len(equations.inputs) != inputs:
            names = ", ".join(equations.inputs)
            raise TypeError(f"{where}: inputs={inputs}, and the step takes {names}")
        for name in self.params:
            if hasattr(nn.Module, name) or name in _TAKEN | {"reset", "detach", "step", "config"}:
                raise TypeError(f"{where}: a parameter cannot be called {name}, modules have that")
        for name, default in self.choices.items():
            if name in _OPTIONS:
                raise TypeError(f"{where}: a choice cannot be called {name}, all neurons take that")
            if not isinstance(default, bool | int | str):
                raise TypeError(
                    f"{where}: the choice {name} is {default!r}, not a bool, int or str"
                )
        for name, value in {**self.states, **self.params}.items():
            if value != value:
                raise ValueError(f"{where}: {name} is NaN")
        for name in (*self.limits, *self.positional, *self.learnable):
            if name not in self.params and (name not in self.choices or name in self.learnable):
                raise TypeError(f"{where}: {name} is not declared in params")

    def arguments(
        self, name: str, values: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[dict[str, Given], dict[str, Choice], dict[str, Any]]:
        """Return the parameters, the choices and the other options that a call gives.

        Raises:
            TypeError: if there are too many values, or one comes twice.
            ValueError: if a number is beyond its limits, or a choice is not one of its type.
        """
        if len(values) > len(self.positional):
            names = ", ".join(self.positional) or "no value"
            raise TypeError(f"{name}: takes {names} without a name, but got {len(values)}")
        arguments = dict(zip(self.positional, values, strict=False))
        if twice := sorted(arguments.keys() & options.keys()):
            raise TypeError(f"{name}.{twice[0]}: is given twice")
        arguments |= options
        for key, (low, high) in self.limits.items():
            value = arguments.get(key)
            if isinstance(value, float | int) and not low <= value <= high:
                ends = f"less than {low:g}" if high == inf else f"not between {low:g} and {high:g}"
                raise ValueError(f"{name}.{key}: {value} is {ends}")
        parameters = {key: arguments.pop(key, default) for key, default in self.params.items()}
        choices = {
            key: type(default)(arguments.pop(key, default)) for key, default in self.choices.items()
        }
        return parameters, choices, {"learnable": self.learnable} | arguments

    def signature(self) -> inspect.Signature:
        """Return the signature of the class, as `help` and editors show it."""
        defaults: dict[str, Any] = {**self.params, **self.choices}
        if self.learnable:
            defaults["learnable"] = self.learnable
        kind = inspect.Parameter
        named = [
            kind(name, kind.KEYWORD_ONLY, default=plain_choice(default))
            for name, default in defaults.items()
            if name not in self.positional
        ]
        first = [
            kind(name, kind.POSITIONAL_OR_KEYWORD, default=plain_choice(defaults[name]))
            for name in self.positional
        ]
        return inspect.Signature([*first, *named, kind("options", kind.VAR_KEYWORD)])


def plain_choice(value: Any) -> Any:
    """Return a choice as plain data: that of an enum is its value."""
    return getattr(value, "value", value)
