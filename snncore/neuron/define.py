"""A neuron of your own: a step function becomes a module with everything that ours have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import Signature
from typing import Any, ClassVar

from torch import Tensor

from snncore.dynamics import Equations, trace
from snncore.dynamics.equations import Step
from snncore.dynamics.evaluate import evaluate
from snncore.dynamics.printing.register_words import REGISTER_TABLE
from snncore.neuron.declaration import Choice, Declaration, plain_choice
from snncore.neuron.equation_neuron import EquationNeuron
from snncore.neuron.parameters import Given


class _Copied(EquationNeuron):
    """Neurons whose copies get their step function from their class or their equations.

    pickle takes a function by its name, and by that name it would find the class.
    """

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        del state["function"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__["function"] = self._step_function()

    def _step_function(self) -> Step:
        raise NotImplementedError


class Defined(_Copied):
    """A neuron known by its equations alone, as a checkpoint keeps it."""

    def __init__(
        self,
        equations: Equations | Mapping[str, Any],
        parameters: Mapping[str, Given],
        initial: Mapping[str, float],
        **options: Any,
    ) -> None:
        if not isinstance(equations, Equations):
            equations = Equations.from_json(equations)
        self.initial = {name: float(value) for name, value in initial.items()}
        super().__init__(equations, _function(equations), parameters, **options)

    def _step_function(self) -> Step:
        return _function(self.equations)

    def config(self) -> dict[str, Any]:
        """Return the arguments of `Defined` that make an equal module, as plain data."""
        config = super().config()
        return {
            "equations": self.equations.to_json(),
            "parameters": {name: config.pop(name) for name in self.equations.parameters},
            "initial": dict(self.initial),
        } | config

    def extra_repr(self) -> str:
        """Return the text between the brackets of the printed module."""
        config = self.config()
        shown = config.pop("parameters") | config
        return ", ".join(f"{key}={value!r}" for key, value in shown.items() if key != "equations")


class _Written(_Copied):
    """A class made by `define` from a declaration and a step function."""

    declaration: ClassVar[Declaration]
    __signature__: ClassVar[Signature]
    _step: ClassVar[Step]
    # The equations and the step function of every set of choices so far.
    _forms: ClassVar[dict[Any, tuple[Equations, Step]]]

    def __init__(self, *values: Any, **options: Any) -> None:
        name = type(self).__name__
        declared = self.declaration
        parameters, choices, others = declared.arguments(name, values, options)
        self.choices = {key: plain_choice(choice) for key, choice in choices.items()}
        self.initial = declared.initial(name, parameters, others.pop("initial", {}))
        form = self._form(name, choices, tuple(parameters))
        EquationNeuron.__init__(self, *form, parameters, **others)

    def _step_function(self) -> Step:
        name = type(self).__name__
        _, choices, _ = self.declaration.arguments(name, (), dict(self.choices))
        return self._form(name, choices, self.equations.parameters)[1]

    @classmethod
    def _form(
        cls, name: str, choices: dict[str, Choice], parameters: tuple[str, ...]
    ) -> tuple[Equations, Step]:
        key = (name, parameters, *choices.values())
        if key not in cls._forms:
            declared = cls.declaration
            # A step gets None for the parameters that these equations are without.
            absent = {name: None for name in declared.optional if name not in parameters}
            fixed = {**choices, **absent}
            equations = trace(
                cls._step,
                states=tuple(declared.states),
                parameters=parameters,
                choices=fixed,
                name=name,
            )
            cls._forms[key] = equations, partial(cls._step, **fixed) if fixed else cls._step
        return cls._forms[key]


class _ByEquations(_Written, Defined):
    """A class that a checkpoint keeps as its equations, so that it loads without the class."""

    def extra_repr(self) -> str:
        """Return the text between the brackets of the printed module."""
        chosen = [f"{key}={value!r}" for key, value in self.choices.items()]
        return ", ".join([super().extra_repr(), *chosen])


class _ByName(_Written):
    """A class that a checkpoint keeps by its name and arguments."""

    def config(self) -> dict[str, Any]:
        """Return the arguments that make an equal module, as plain data."""
        config = super().config() | self.choices
        return config | ({"initial": dict(self.initial)} if self._starts_otherwise() else {})

    def _starts_otherwise(self) -> bool:
        """Return whether a state starts where neither its declaration nor a parameter says."""
        starts = self.declaration.starts
        usual = {
            state: getattr(self, starts.get(state, ""), value)
            for state, value in self.declaration.states.items()
        }
        return any(
            isinstance(value, Tensor) or float(value) != self.initial[state]
            for state, value in usual.items()
        )


def define(
    *,
    states: Mapping[str, float],
    params: Mapping[str, float],
    inputs: int = 1,
    choices: Mapping[str, Choice] | None = None,
    limits: Mapping[str, tuple[float, float]] | None = None,
    positional: Sequence[str] = (),
    learnable: Sequence[str] = (),
    optional: Mapping[str, float] | None = None,
    starts: Mapping[str, str] | None = None,
    by_name: bool = False,
) -> Callable[[Step], type[_Written]]:
    """Turn a step function into a class of neurons.

    The function takes the states, then the inputs, then parameters and choices as keywords, and
    returns the next states and the spike. The class takes parameters and choices as keywords, and
    what all neurons take: learnable, surrogate, step_mode, backend, output, keep_states, initial.

    `choices` are bools, ints, strings or members of a string enum that the function branches on;
    every set of them has equations of its own. `limits` are the ends of what a parameter or a
    choice may be, `positional` the arguments that need no name, `learnable` the parameters that
    learn by default. `optional` are parameters that the equations have only where another value
    is chosen: the step gets None for them otherwise. `starts` names for a state the parameter at
    which it starts. With `by_name` a config names the class's own arguments instead of its
    equations: that is for classes which every reader has.

    Raises:
        TypeError: if the function is not a step; names the neuron and the line.

    Examples:
        >>> from snncore.dynamics import select, spike
        >>> @neuron.define(states={"v": 0.0}, params={"decay": 0.5, "threshold": 1.0})
        ... def Mine(v, x, *, decay, threshold):
        ...     h = decay * v + x
        ...     s = spike(h - threshold)
        ...     return select(s, 0.0, h), s
        >>> Mine(threshold=0.5)(x).shape
        torch.Size([8, 2, 6])
    """

    declaration = Declaration(
        dict(states),
        dict(params),
        dict(choices or {}),
        dict(limits or {}),
        tuple(positional),
        tuple(learnable),
        dict(optional or {}),
        dict(starts or {}),
    )
    base = _ByName if by_name else _ByEquations
    return lambda function: _class_of(function, declaration, base, inputs)


def _class_of(
    function: Step, declaration: Declaration, base: type[_Written], inputs: int
) -> type[_Written]:
    name = function.__name__
    body: dict[str, Any] = {
        "__doc__": function.__doc__,
        "__module__": function.__module__,
        "declaration": declaration,
        "_step": staticmethod(function),
        "_forms": {},
    }
    cls: type[_Written] = type(name, (base,), body)
    cls.equations, _ = cls._form(name, dict(declaration.choices), tuple(declaration.params))
    declaration.check(function, cls.equations, inputs)
    cls.__signature__ = declaration.signature()
    return cls


def _function(equations: Equations) -> Step:
    """Return the step function of equations that came without one."""

    def step(*values: Any, **parameters: Any) -> tuple[Any, ...]:
        count = len(equations.states)
        states = dict(zip(equations.states, values[:count], strict=True))
        inputs = dict(zip(equations.inputs, values[count:], strict=True))
        following, spikes = evaluate(equations, REGISTER_TABLE, states, inputs, parameters)
        return (*following.values(), spikes)

    return step
