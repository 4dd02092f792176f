"""The declaration of a class of neurons: its states, parameters and choices, all checked."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

import torch
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
    # Parameters that equations have only where another value than this one is chosen.
    optional: Mapping[str, float] = field(default_factory=dict)
    # The parameter at which a state starts.
    starts: Mapping[str, str] = field(default_factory=dict)

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
        parameters = {**self.params, **self.optional}
        for name in parameters:
            if hasattr(nn.Module, name) or name in _TAKEN | {"reset", "detach", "step", "config"}:
                raise TypeError(f"{where}: a parameter cannot be called {name}, modules have that")
        for name, default in self.choices.items():
            if name in _OPTIONS:
                raise TypeError(f"{where}: a choice cannot be called {name}, all neurons take that")
            if not isinstance(default, bool | int | str):
                raise TypeError(
                    f"{where}: the choice {name} is {default!r}, not a bool, int or str"
                )
        for name, value in {**self.states, **parameters}.items():
            if value != value:
                raise ValueError(f"{where}: {name} is NaN")
        for name in (*self.limits, *self.positional, *self.learnable):
            if name not in parameters and (name not in self.choices or name in self.learnable):
                raise TypeError(f"{where}: {name} is not declared in params")
        for name, parameter in self.starts.items():
            if name not in self.states or parameter not in parameters:
                raise TypeError(f"{where}: {name} cannot start at {parameter}")

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
        learnable = arguments.get("learnable", self.learnable)
        for key, default in self.optional.items():
            value = arguments.pop(key, default)
            is_default = isinstance(value, float | int) and value == default
            if not is_default or key in learnable:
                parameters[key] = value
        choices = {
            key: type(default)(arguments.pop(key, default)) for key, default in self.choices.items()
        }
        return parameters, choices, {"learnable": self.learnable} | arguments

    def initial(
        self, name: str, parameters: Mapping[str, Given], chosen: Mapping[str, float]
    ) -> dict[str, float]:
        """Return the states before the first step; `chosen` are those that a call gives.

        Raises:
            ValueError: if there is no such state, or a state would start at several numbers.
        """
        if unknown := sorted(set(chosen) - set(self.states)):
            names = ", ".join(self.states)
            raise ValueError(f"{name}.initial: no state {unknown[0]!r}; there are {names}")
        values = dict(self.states) | dict(chosen)
        for state, parameter in self.starts.items():
            if state in chosen or parameter not in parameters:
                continue
            value = parameters[parameter]
            # A file is read on the device that computes nothing.
            numbers = torch.as_tensor(value, device=getattr(value, "device", "cpu")).detach()
            if numbers.numel() != 1:
                raise ValueError(
                    f"{name}.{parameter}: {state} starts at one number for all "
                    f"(give initial={{{state!r}: ...}})"
                )
            values[state] = numbers.item()
        if wrong := [state for state, value in values.items() if float(value) != float(value)]:
            raise ValueError(f"{name}.initial: {wrong[0]} is NaN")
        return {state: float(value) for state, value in values.items()}

    def signature(self) -> inspect.Signature:
        """Return the signature of the class, as `help` and editors show it."""
        defaults: dict[str, Any] = {**self.params, **self.optional, **self.choices}
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
