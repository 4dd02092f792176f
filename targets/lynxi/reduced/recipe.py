"""One step of a neuron in the four words that the vendor's compiler was seen to take.

A value is an integer that a float carries, so every word is exact while its values are small
enough (`Recipe.bound`). What a neuron needs beyond sums and products is made of them:
1. A comparison is `at_least` with half a step less, or more if it is strict: no value lies there.
2. A choice is a product with 0 or 1, and a soft reset takes the threshold off where it fired.
3. A shift to the right takes off the remainder, which is found bit by bit from the highest down.
4. Wraps and clips that no value can meet are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from snncore.dynamics.arithmetic.interval import Interval
from targets.lynxi.reduced.certificate import is_half

Numbers = NDArray[np.float64]
# The names of constants that come from no parameter begin so.
_NUMBER = "number "
Value = TypeVar("Value")


class Word(StrEnum):
    """An operation of a step."""

    STATE = "state"
    INPUT = "input"
    CONSTANT = "constant"
    ADD = "add"
    SUBTRACT = "subtract"
    MULTIPLY = "multiply"
    # 1 where the first is at least the second, else 0.
    AT_LEAST = "at_least"


LEAVES = frozenset({Word.STATE, Word.INPUT, Word.CONSTANT})


@dataclass(frozen=True, eq=False)
class RecipeStep:
    """One assignment, and the integers that its value can be."""

    word: Word
    args: tuple[int, ...]
    range: Interval
    # For a state or a constant: the parameter that it comes from.
    name: str = ""
    value: Numbers | None = None


class Language(Protocol[Value]):
    """The spelling of each word in one form of the reduced modules."""

    def constant(self, name: str, value: Numbers) -> Value:
        """Return a constant; without a name it is a single number."""

    def add(self, a: Value, b: Value) -> Value:
        """Return the sum."""

    def subtract(self, a: Value, b: Value) -> Value:
        """Return the difference."""

    def multiply(self, a: Value, b: Value) -> Value:
        """Return the product."""

    def at_least(self, a: Value, b: Value) -> Value:
        """Return 1 where the first is at least the second, else 0."""


@dataclass(frozen=True, eq=False)
class Recipe:
    """A step of a neuron: states and the input in, next states and spikes out."""

    steps: tuple[RecipeStep, ...]
    next_states: Mapping[str, int]
    output: int

    @property
    def bound(self) -> int:
        """The largest magnitude that any intermediate value can have."""
        values = (s.range.largest() for s in self.steps if s.word != Word.CONSTANT or not s.name)
        return max(values, default=0)

    @property
    def constants(self) -> dict[str, Numbers]:
        """The constants that come from parameters, by name."""
        return {s.name: s.value for s in self.steps if s.value is not None and s.name}

    @property
    def numbers(self) -> tuple[Numbers, ...]:
        """Every constant."""
        return tuple(step.value for step in self.steps if step.value is not None)

    def run(
        self, language: Language[Value], states: Mapping[str, Value], x: Value
    ) -> tuple[dict[str, Value], Value]:
        """Return the next states and the spikes, in some language."""
        methods: dict[Word, Callable[..., Value]] = {
            Word.ADD: language.add,
            Word.SUBTRACT: language.subtract,
            Word.MULTIPLY: language.multiply,
            Word.AT_LEAST: language.at_least,
        }
        values: list[Value] = []
        for step in self.steps:
            if step.word == Word.STATE:
                values.append(states[step.name])
            elif step.word == Word.INPUT:
                values.append(x)
            elif step.value is not None:
                values.append(language.constant(step.name, step.value))
            else:
                values.append(methods[step.word](*(values[arg] for arg in step.args)))
        following = {state: values[number] for state, number in self.next_states.items()}
        return following, values[self.output]


class RecipeWriter:
    """A writer of steps; constants are folded, and a value is written once."""

    def __init__(self) -> None:
        self.steps: list[RecipeStep] = []
        self._numbers: dict[Any, int] = {}

    def leaf(self, word: Word, name: str, values: Interval) -> int:
        """Add a state or the input."""
        return self._add(RecipeStep(word, (), values, name))

    def constant(self, value: Any, name: str = "") -> int:
        """Add a constant; without a name it is a number, if that is one float16."""
        numbers = np.asarray(value, dtype=np.float64)
        if not name and not is_half(numbers):
            name = f"{_NUMBER}{float(numbers):g}"
        low, high = int(np.floor(numbers.min())), int(np.ceil(numbers.max()))
        return self._add(RecipeStep(Word.CONSTANT, (), Interval(low, high), name, numbers))

    def add(self, a: int, b: int) -> int:
        """Return the sum."""
        if self._is(a, 0) or self._is(b, 0):
            return b if self._is(a, 0) else a
        return self.plus(a, b)

    def plus(self, a: int, b: int) -> int:
        """Add the sum, also of nothing."""
        return self._binary(Word.ADD, a, b, self.range(a) + self.range(b))

    def subtract(self, a: int, b: int) -> int:
        """Return the difference."""
        if self._is(b, 0):
            return a
        return self._binary(Word.SUBTRACT, a, b, self.range(a) - self.range(b))

    def multiply(self, a: int, b: int) -> int:
        """Return the product."""
        if self._is(a, 1) or self._is(b, 1):
            return b if self._is(a, 1) else a
        return self._binary(Word.MULTIPLY, a, b, self.range(a) * self.range(b))

    def scaled(self, a: int, factor: float, values: Interval) -> int:
        """Add a product with a power of two, whose result is known to be whole."""
        if factor == 1:
            return a
        return self._add(RecipeStep(Word.MULTIPLY, (a, self.constant(factor)), values))

    def at_least(self, a: int, b: int) -> int:
        """Add 1 where `a >= b`, for a `b` that consists of integers or lies between two of them."""
        gap = self.range(a) - self.range(b)
        if self.value(b) is None and self.value(a) is None:
            return self.at_least(self.subtract(a, b), self.constant(-0.5))
        low, high = (0 if gap.low < 1 else 1), (1 if gap.high >= 0 else 0)
        return self._binary(Word.AT_LEAST, a, b, Interval(low, max(low, high)))

    def shifted(self, a: int, by: float) -> int:
        """Return a constant moved by half a step."""
        value = self.value(a)
        assert value is not None
        name = self.steps[a].name
        sign = "+" if by > 0 else "-"
        return self.constant(value + by, f"{name}{sign}1/2" if name else "")

    def bounded(self, a: int, values: Interval) -> int:
        """Return the same value with a narrower known range."""
        step = self.steps[a]
        tight = Interval(max(step.range.low, values.low), min(step.range.high, values.high))
        self.steps[a] = RecipeStep(step.word, step.args, tight, step.name, step.value)
        return a

    def range(self, a: int) -> Interval:
        """Return the integers that a value can be."""
        return self.steps[a].range

    def value(self, a: int) -> Numbers | None:
        """Return the value of a constant."""
        return self.steps[a].value

    def recipe(self, next_states: Mapping[str, int], output: int) -> Recipe:
        """Return the recipe with only the steps that the results need."""
        reached: set[int] = set()
        pending = [*next_states.values(), output]
        while pending:
            number = pending.pop()
            if number not in reached:
                reached.add(number)
                pending.extend(self.steps[number].args)
        order = sorted(reached, key=lambda n: (self.steps[n].word not in LEAVES, n))
        position_of = {number: position for position, number in enumerate(order)}
        steps = []
        for number in order:
            step = self.steps[number]
            args = tuple(position_of[arg] for arg in step.args)
            steps.append(RecipeStep(step.word, args, step.range, step.name, step.value))
        following = {state: position_of[number] for state, number in next_states.items()}
        return _with_own_names(Recipe(tuple(steps), following, position_of[output]))

    def _is(self, a: int, number: int) -> bool:
        value = self.value(a)
        return value is not None and bool((value == number).all())

    def _binary(self, word: Word, a: int, b: int, values: Interval) -> int:
        first, second = self.value(a), self.value(b)
        if first is not None and second is not None:
            names = [n for n in (self.steps[a].name, self.steps[b].name) if n]
            name = f"{word.value}({', '.join(names)})" if names else ""
            return self.constant(_FOLDED[word](first, second), name)
        return self._add(RecipeStep(word, (a, b), values))

    def _add(self, step: RecipeStep) -> int:
        value = None if step.value is None else (step.value.shape, step.value.tobytes())
        key = (step.word, step.args, step.name, value)
        if key not in self._numbers:
            self._numbers[key] = len(self.steps)
            self.steps.append(step)
        return self._numbers[key]


def _with_own_names(recipe: Recipe) -> Recipe:
    """Return the recipe with a name of its own for each constant: files store values by name."""
    values = dict[str, Numbers]()
    steps = []
    for step in recipe.steps:
        name, count = step.name, 1
        if step.value is not None and name:
            while not _may_replace(name, values.get(name, step.value), step.value):
                count += 1
                name = f"{step.name} {count}"
            values[name] = step.value
        steps.append(replace(step, name=name))
    return replace(recipe, steps=tuple(steps))


def _may_replace(name: str, first: Numbers, second: Numbers) -> bool:
    """Return whether the second of two constants of this name may stand for both.

    A number may stand for half a step below it, with which values are compared: both decide
    integers alike. Half a step may stand for no number, which is also added and multiplied.
    """
    if name.startswith(_NUMBER) and np.array_equal(np.ceil(first), second):
        return True
    return np.array_equal(first, second)


_FOLDED: dict[Word, Callable[[Numbers, Numbers], Numbers]] = {
    Word.ADD: np.add,
    Word.SUBTRACT: np.subtract,
    Word.MULTIPLY: np.multiply,
    Word.AT_LEAST: lambda a, b: (a >= b).astype(np.float64),
}
