"""Equations: one step of a neuron as a graph of operations, traced from an ordinary function."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from snncore.dynamics.check import MOST_OPERATIONS, check_names, check_operation, is_whole
from snncore.dynamics.expression import LEAVES, Attribute, Op, Operation, Recorder, Symbol

Step = Callable[..., Any]


@dataclass(frozen=True)
class Equations:
    """One step: states and inputs in, next states and the spike out. Equal if computed alike."""

    name: str
    states: tuple[str, ...]
    inputs: tuple[str, ...]
    parameters: tuple[str, ...]
    operations: tuple[Operation, ...]
    next_states: tuple[int, ...]
    output: int

    def __post_init__(self) -> None:
        check_names((*self.states, *self.inputs, *self.parameters))
        if len(self.operations) > MOST_OPERATIONS:
            raise ValueError(
                f"{self.name}: has {len(self.operations)} operations, more than {MOST_OPERATIONS} "
                "(make it several neurons)"
            )
        if "s" in self.states:
            raise ValueError(f"{self.name}: a state is called s, as the spikes are")
        names = {Op.STATE: self.states, Op.INPUT: self.inputs, Op.PARAMETER: self.parameters}
        for number, operation in enumerate(self.operations):
            if any(not is_whole(arg, 0, number - 1) for arg in operation.args):
                raise ValueError(f"{self.name}: operation {number} reads one that comes after it")
            check_operation(operation, names)
        if len(self.next_states) != len(self.states):
            raise ValueError(f"{self.name}: a next state is missing")
        for result in (*self.next_states, self.output):
            if not is_whole(result, 0, len(self.operations) - 1):
                raise ValueError(f"{self.name}: a result is not an operation")

    def __hash__(self) -> int:
        return self._hash

    # Kernels are looked up by their equations at every call, which are long.
    @cached_property
    def _hash(self) -> int:
        return hash((self.name, *_unnamed(self)))

    def __getstate__(self) -> dict[str, Any]:
        # Another process hashes text otherwise, and can compute what is remembered beside.
        return {name: value for name, value in self.__dict__.items() if name[0] != "_"}

    def same_computation(self, other: Equations) -> bool:
        """Return whether both compute the same, whatever their names are."""
        return _unnamed(self) == _unnamed(other)

    def text(self) -> str:
        """Return the equations as a person would write them, one assignment per line."""
        from snncore.dynamics.text import equations_text

        return equations_text(self)

    def to_json(self) -> dict[str, Any]:
        """Return plain data that `from_json` turns back into equal equations."""
        return {
            "name": self.name,
            "states": list(self.states),
            "inputs": list(self.inputs),
            "parameters": list(self.parameters),
            "operations": [
                [o.op.value, list(o.args), _plain(o.attribute)] for o in self.operations
            ],
            "next_states": list(self.next_states),
            "output": self.output,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Equations:
        """Read equations from plain data.

        Raises:
            ValueError: if the data describe no equations.
        """
        try:
            operations = tuple(
                Operation(Op(op), tuple(args), tuple(a) if isinstance(a, list) else a)
                for op, args, a in data["operations"]
            )
            return cls(
                str(data["name"]),
                tuple(data["states"]),
                tuple(data["inputs"]),
                tuple(data["parameters"]),
                operations,
                tuple(data["next_states"]),
                data["output"],
            )
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            raise ValueError(f"not the equations of a neuron: {error}") from error


def _plain(attribute: Attribute) -> Any:
    return list(attribute) if isinstance(attribute, tuple) else attribute


def _unnamed(equations: Equations) -> tuple[Any, ...]:
    return (
        equations.states,
        equations.inputs,
        equations.parameters,
        equations.operations,
        equations.next_states,
        equations.output,
    )


def trace(
    step: Step,
    *,
    states: tuple[str, ...],
    parameters: tuple[str, ...],
    name: str,
    choices: Mapping[str, Any] | None = None,
) -> Equations:
    """Return the equations of a step function, read by calling it once with symbols.

    Choices are ordinary Python values, which the step may branch on.

    Raises:
        TypeError: if the function's arguments or results are not those of a step; names the neuron.
    """
    chosen = dict(choices or {})
    inputs = _input_names(step, states, (*parameters, *chosen), name)
    recorder = Recorder()

    def symbols(op: Op, names: tuple[str, ...]) -> list[Symbol]:
        return [Symbol(recorder, recorder.add(op, attribute=label)) for label in names]

    arguments = symbols(Op.STATE, states) + symbols(Op.INPUT, inputs)
    keywords = dict(zip(parameters, symbols(Op.PARAMETER, parameters), strict=True))
    try:
        results = step(*arguments, **keywords, **chosen)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise TypeError(f"{name} ({_location(step, error)}): {error}") from error
    if not isinstance(results, tuple) or len(results) != len(states) + 1:
        expected = ", ".join((*states, "spike"))
        raise TypeError(f"{name} ({_location(step)}): a step returns ({expected}), the spike last")
    first = arguments[0]
    numbers = [first._number(result) for result in results]
    return prune(
        Equations(
            name,
            states,
            inputs,
            parameters,
            tuple(recorder.operations),
            tuple(numbers[:-1]),
            numbers[-1],
        )
    )


def prune(equations: Equations) -> Equations:
    """Remove the operations that nothing reads, and put leaves first."""
    results = (*equations.next_states, equations.output)
    operations, places = needed(equations.operations, results)
    return Equations(
        equations.name,
        equations.states,
        equations.inputs,
        equations.parameters,
        operations,
        places[:-1],
        places[-1],
    )


def needed(
    operations: tuple[Operation, ...], results: tuple[int, ...]
) -> tuple[tuple[Operation, ...], tuple[int, ...]]:
    """Return the operations that results need, leaves first, and the results' positions there."""
    reached: set[int] = set()
    pending = list(results)
    while pending:
        number = pending.pop()
        if number not in reached:
            reached.add(number)
            pending.extend(operations[number].args)
    order = sorted(reached, key=lambda n: (operations[n].op not in LEAVES, n))
    position_of = {number: position for position, number in enumerate(order)}
    used = tuple(
        Operation(o.op, tuple(position_of[arg] for arg in o.args), o.attribute)
        for o in (operations[number] for number in order)
    )
    return used, tuple(position_of[number] for number in results)


def _input_names(
    step: Step, states: tuple[str, ...], declared: tuple[str, ...], name: str
) -> tuple[str, ...]:
    """Return the names of a step's inputs; `declared` are the keywords that it must take."""
    arguments = inspect.signature(step).parameters.values()
    kinds = inspect.Parameter
    named = (kinds.KEYWORD_ONLY, kinds.VAR_KEYWORD)
    positional = [p.name for p in arguments if p.kind not in named]
    keyword = {p.name for p in arguments if p.kind == kinds.KEYWORD_ONLY}
    if any(p.kind == kinds.VAR_KEYWORD for p in arguments):
        keyword |= set(declared)
    where = f"{name} ({_location(step)})"
    names = (*states, *declared)
    repeated = {label for label in names if names.count(label) > 1}
    if "s" in states:
        raise TypeError(f"{where}: a state may not be called s, as the spikes are")
    if repeated:
        raise TypeError(f"{where}: the name {sorted(repeated)[0]} is used twice")
    if tuple(positional[: len(states)]) != states or len(positional) == len(states):
        expected = ", ".join((*states, "x"))
        raise TypeError(f"{where}: a step takes ({expected}), states first and input last")
    if keyword != set(declared):
        odd = ", ".join(sorted(keyword ^ set(declared)))
        raise TypeError(f"{where}: parameters are keyword-only and declared in params; see {odd}")
    return tuple(positional[len(states) :])


def _location(step: Step, error: Exception | None = None) -> str:
    """Return the file and line of the step, or of the statement that raised the error."""
    code = getattr(step, "__code__", None)
    if code is None:
        return "built in"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__ if error else None)
        if frame.filename == code.co_filename
    ]
    return f"{code.co_filename}:{lines[-1] if lines else code.co_firstlineno}"
