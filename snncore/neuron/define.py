"""A user's own neuron: a step function turned into a module with everything ours have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from snncore.dynamics import Equations, trace
from snncore.dynamics.evaluate import evaluate
from snncore.dynamics.printing.register_words import REGISTER_TABLE
from snncore.dynamics.zoo.spiking import Step
from snncore.neuron.equation_neuron import EquationNeuron
from snncore.neuron.parameters import Given


class Defined(EquationNeuron):
    """A neuron known by its equations alone, as a checkpoint keeps it."""

    def __init__(
        self,
        equations: Equations | Mapping[str, Any],
        parameters: Mapping[str, Given],
        initial: Mapping[str, float],
        *,
        function: Step | None = None,
        **options: Any,
    ) -> None:
        if not isinstance(equations, Equations):
            equations = Equations.from_json(equations)
        self.initial = {name: float(value) for name, value in initial.items()}
        super().__init__(equations, function or _function(equations), parameters, **options)

    def config(self) -> dict[str, Any]:
        """The arguments of `Defined` that make an equal module, as plain data."""
        config = super().config()
        return {
            "equations": self.equations.to_json(),
            "parameters": {name: config.pop(name) for name in self.equations.parameters},
            "initial": dict(self.initial),
        } | config

    def extra_repr(self) -> str:
        """What stands between the brackets when the module is printed."""
        config = self.config()
        shown = config.pop("parameters") | config
        return ", ".join(f"{key}={value!r}" for key, value in shown.items() if key != "equations")


def _function(equations: Equations) -> Step:
    """The step function of equations that came without one."""

    def step(*values: Any, **parameters: Any) -> tuple[Any, ...]:
        count = len(equations.states)
        states = dict(zip(equations.states, values[:count], strict=True))
        inputs = dict(zip(equations.inputs, values[count:], strict=True))
        following, spikes = evaluate(equations, REGISTER_TABLE, states, inputs, parameters)
        return (*following.values(), spikes)

    return step


def define(
    *, states: Mapping[str, float], params: Mapping[str, float], inputs: int = 1
) -> Callable[[Step], type[Defined]]:
    """Turn a step function into a class of neurons.

    The function takes the states, then the inputs, then parameters as keywords, and returns the
    next states and the spike. The class takes the parameters as keywords, and what all neurons
    take: learnable, surrogate, step_mode, backend.

    Raises:
        TypeError: if the function is no step; names the neuron and the line.
    """

    def decorate(function: Step) -> type[Defined]:
        name = function.__name__
        equations = trace(function, states=tuple(states), parameters=tuple(params), name=name)
        _check(function, equations, states, params, inputs)

        def __init__(self: Defined, **given: Any) -> None:  # noqa: N807
            values = {key: given.pop(key, default) for key, default in params.items()}
            Defined.__init__(self, equations, values, states, function=function, **given)

        body = {
            "__init__": __init__,
            "__doc__": function.__doc__,
            "__module__": function.__module__,
            "equations": equations,
        }
        return type(name, (Defined,), body)

    return decorate


def _check(
    function: Step,
    equations: Equations,
    states: Mapping[str, float],
    params: Mapping[str, float],
    inputs: int,
) -> None:
    code = function.__code__
    where = f"{equations.name} ({code.co_filename}:{code.co_firstlineno})"
    if len(equations.inputs) != inputs:
        names = ", ".join(equations.inputs)
        raise TypeError(f"{where}: inputs={inputs}, and the step takes {names}")
    for name in params:
        if hasattr(nn.Module, name) or hasattr(Defined, name) or name in _TAKEN:
            raise TypeError(f"{where}: a parameter cannot be called {name}, modules have that")
    for name, value in {**states, **params}.items():
        if value != value:
            raise ValueError(f"{where}: {name} is NaN")


_TAKEN = frozenset(
    {"function", "equations", "learnable", "surrogate", "step_mode", "backend", "states"}
    | {"input_shape", "record", "initial", "training", "output", "keep_states"}
)
