"""Equations and number systems drawn at random, for properties that hold for all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import assume, reject
from hypothesis import strategies as st
from numpy.typing import NDArray

from snncore.dynamics import (
    Equations,
    Format,
    NumberSystem,
    Overflow,
    Rounding,
    absolute,
    maximum,
    minimum,
    select,
    spike,
    to_integers,
    trace,
)
from snncore.dynamics.arithmetic.interval import Interval, step_intervals

Array = NDArray[np.int64]

STATES = ("u", "v")
PARAMETERS = ("a", "b")
CONSTANTS = (0.0, 1.0, 2.0, 0.5, -1.0, -0.25)

WORDS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "minimum": minimum,
    "maximum": maximum,
    "negate": lambda x: -x,
    "absolute": absolute,
    "above": lambda x, y: select(x > y, x, y),
    "fired": lambda x, y: spike(x - y, strict=True),
    "reached": lambda x, y: spike(x - y),
    "choose": lambda x, y, z: select(spike(x - y), z, x),
    "reset": lambda x, y: select(spike(x - y), 0.0, x),
}
_COUNT = {"negate": 1, "absolute": 1, "choose": 3}


@dataclass(frozen=True)
class Drawn:
    """A step as a list of words, each with the numbers of what it reads."""

    states: tuple[str, ...]
    words: tuple[tuple[str, tuple[int, ...]], ...]
    next_states: tuple[int, ...]
    compared: tuple[int, int]
    # Whether the first state becomes the spike.
    kept: bool

    def values(self, *leaves: Any) -> list[Any]:
        """Return every value of the step, on symbols, numbers, arrays or tensors."""
        results = [*leaves, *CONSTANTS]
        for word, reads in self.words:
            results.append(WORDS[word](*(results[i] for i in reads)))
        return results

    def step(self) -> Callable[..., Any]:
        """Compute the step as a user would write it: states, input, keyword-only parameters."""

        def one(u: Any, x: Any, *, a: Any, b: Any) -> Any:
            return self.results(u, x, a, b)

        def two(u: Any, v: Any, x: Any, *, a: Any, b: Any) -> Any:
            return self.results(u, v, x, a, b)

        return one if len(self.states) == 1 else two

    def results(self, *leaves: Any) -> tuple[Any, ...]:
        """Return the next states and the spike."""
        values = self.values(*leaves)
        first, second = (values[i] for i in self.compared)
        fired = spike(first - second)
        following = [values[i] for i in self.next_states]
        return (fired, *following[1:], fired) if self.kept else (*following, fired)

    def equations(self) -> Equations:
        """Trace the step."""
        return trace(self.step(), states=self.states, parameters=PARAMETERS, name="Drawn")


@st.composite
def drawn_steps(draw: st.DrawFn, most_words: int = 6) -> Drawn:
    """Draw steps that read symbols and earlier results, and compute new ones."""
    states = draw(st.sampled_from([STATES, STATES[:1]]))
    symbols = len(states) + 1 + len(PARAMETERS)
    count = symbols + len(CONSTANTS)
    names = draw(st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=most_words))
    words = []
    for name in names:
        # The first operand is a symbol or a result, so that a word is never mere arithmetic.
        firsts = [*range(symbols), *range(symbols + len(CONSTANTS), count)]
        reads = [draw(st.sampled_from(firsts))]
        reads += [draw(st.integers(0, count - 1)) for _ in range(_COUNT.get(name, 2) - 1)]
        words.append((name, tuple(reads)))
        count += 1
    results = [*range(len(states)), *range(symbols + len(CONSTANTS), count)]
    following = tuple(draw(st.sampled_from(results)) for _ in states)
    compared = draw(st.sampled_from(results)), draw(st.integers(0, symbols - 1))
    kept = draw(st.sampled_from([False, False, False, True]))
    return Drawn(states, tuple(words), following, compared, kept)


FORMATS = st.builds(
    Format,
    bits=st.integers(3, 20),
    fraction=st.integers(0, 6),
    overflow=st.sampled_from(Overflow),
    symmetric=st.booleans(),
)


@st.composite
def number_systems(draw: st.DrawFn) -> NumberSystem:
    """Draw number systems for the states and parameters of drawn steps."""
    return NumberSystem(
        "drawn",
        tuple((state, draw(FORMATS)) for state in STATES),
        tuple((name, draw(st.integers(0, 8))) for name in PARAMETERS),
        draw(st.integers(0, 4)),
        draw(st.sampled_from(Rounding)),
        draw(st.integers(8, 32)),
    )


@dataclass(frozen=True)
class Case:
    """Equations of a number system, with many neurons' values and what bounds them."""

    drawn: Drawn
    integers: Equations
    states: dict[str, Array]
    inputs: dict[str, Array]
    parameters: dict[str, int]
    # The bounds of each operation, and of the next states.
    bounds: tuple[Interval, ...]
    next_bounds: dict[str, Interval]

    def one(self, neuron: int) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
        """Return the states, inputs and parameters of a single neuron, as `evaluate` takes them."""
        states = {key: int(values[neuron]) for key, values in self.states.items()}
        inputs = {key: int(values[neuron]) for key, values in self.inputs.items()}
        return states, inputs, self.parameters


NEURONS = 12
_DRIVE = 40


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw equations, rewrite them, and spread their states all over the registers."""
    drawn, system = draw(drawn_steps()), draw(number_systems())
    try:
        integers = to_integers(drawn.equations(), system)
    except ValueError:
        reject()
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    limits = {state: system.state(state).limits for state in drawn.states}
    states = {
        state: np.append(random.integers(low, high + 1, NEURONS - 3), [0, low, high])
        for state, (low, high) in limits.items()
    }
    inputs = {"x": random.integers(-_DRIVE, _DRIVE + 1, NEURONS)}
    parameters = {name: int(random.integers(-_DRIVE, _DRIVE + 1)) for name in PARAMETERS}
    next_bounds, bounds = step_intervals(
        integers,
        {state: Interval(*ends) for state, ends in limits.items()},
        {"x": Interval(-_DRIVE, _DRIVE)},
        {name: Interval(value, value) for name, value in parameters.items()},
    )
    # Beyond this, no machine's integers are exact.
    assume(max(bound.largest() for bound in bounds) < 1 << 61)
    return Case(drawn, integers, states, inputs, parameters, bounds, next_bounds)


def integers_of(form: Format) -> st.SearchStrategy[int]:
    """Draw numbers that fit a register of this format, its ends among them."""
    low, high = form.limits
    return st.one_of(st.sampled_from([0, 1, -1, low, high]), st.integers(low, high))
