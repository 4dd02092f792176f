"""Printed equations: alike text is alike computation, and generated source can be read."""

import copy
import inspect
import linecache
import traceback
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snncore.dynamics import Op, spike, trace
from snncore.dynamics.expression import Operation
from snncore.dynamics.printing.render import Dialect, compile_step, render
from snncore.dynamics.zoo.spiking import CUBA_LIF
from tests.unit.drawn import Drawn, drawn_steps

PYTHON = Dialect(
    "Python",
    {
        Op.ADD: "{0} + {1}",
        Op.SUBTRACT: "{0} - {1}",
        Op.MULTIPLY: "{0} * {1}",
        Op.SPIKE: "fires({0}, {a})",
        Op.DETACH: "{0}",
        Op.SELECT: "{1} if {0} else {2}",
    },
)
NAMES: dict[str, Any] = {"fires": lambda x, strict: x > 0 if strict else x >= 0}


def changed(operation: Operation, number: int) -> list[Operation]:
    """Return the operation with another constant, or with other arguments."""
    changes = [replace(operation, args=operation.args[::-1])]
    changes += [
        replace(operation, args=(*operation.args[:index], other, *operation.args[index + 1 :]))
        for index in range(len(operation.args))
        for other in range(number)
    ]
    if isinstance(operation.attribute, bool):
        changes.append(replace(operation, attribute=not operation.attribute))
    elif isinstance(operation.attribute, float):
        changes.append(replace(operation, attribute=operation.attribute * (1 + 1e-15) + 1e-300))
    return changes


@given(drawn_steps())
def test_any_change_to_an_operation_changes_the_text(drawn: Drawn) -> None:
    equations = drawn.equations()
    assert equations.text() == replace(equations, name="Other").text()
    for number, operation in enumerate(equations.operations):
        for change in changed(operation, number):
            operations = (
                *equations.operations[:number],
                change,
                *equations.operations[number + 1 :],
            )
            other = replace(equations, operations=operations)
            assert (other.text() == equations.text()) == (other == equations), change
    swapped = replace(equations, next_states=(equations.output, *equations.next_states[1:]))
    assert (swapped.text() == equations.text()) == (swapped == equations)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_constant_is_printed_to_its_last_bit(value: float) -> None:
    def step(v: Any, x: Any) -> Any:
        return v + value, spike(x)

    text = trace(step, states=("v",), parameters=(), name="Moved").text()
    assert float(text.splitlines()[0].removeprefix("t3 = v + ").removeprefix("t4 = v + ")) == value


def test_results_never_take_the_name_of_a_leaf() -> None:
    def step(t4: Any, t: Any, *, t_5: Any) -> Any:
        grown = t4 * t + t_5
        return grown - t4, spike(grown)

    equations = trace(step, states=("t4",), parameters=("t_5",), name="Named")
    assert equations.text().splitlines()[0] == "t__3 = t4 * t"
    compiled = compile_step(render(equations, PYTHON), NAMES)
    assert compiled(3, 4, 5) == (14, True)


def test_an_argument_may_not_hide_a_function() -> None:
    def step(v: Any, x: Any, *, fires: Any) -> Any:
        return v + x, spike(v - fires)

    equations = trace(step, states=("v",), parameters=("fires",), name="Hidden")
    with pytest.raises(ValueError, match="fires: generated code has a function of this name"):
        compile_step(render(equations, PYTHON), NAMES)


def test_a_word_that_the_dialect_lacks_is_named() -> None:
    poor = replace(PYTHON, spelling={Op.ADD: "{0} + {1}"})
    with pytest.raises(ValueError, match="dialect Python has no word for subtract"):
        render(CUBA_LIF, poor)


def test_generated_code_is_shown_by_tracebacks_and_debuggers() -> None:
    step = compile_step(render(CUBA_LIF, PYTHON), NAMES)
    source = render(CUBA_LIF, PYTHON)
    assert inspect.getsource(step) == source
    with pytest.raises(TypeError) as caught:
        step(None, 0, 0, 0, 0, 0, 0)
    shown = traceback.extract_tb(caught.value.__traceback__)[-1].line
    assert shown
    assert shown in source
    assert step.__code__.co_filename in linecache.cache


def test_a_copy_of_equations_counts_its_own_hash() -> None:
    assert {CUBA_LIF: 1}[replace(CUBA_LIF)] == 1
    # Texts hash otherwise in another process, to which a copy may go.
    assert "_hash" not in vars(copy.copy(CUBA_LIF))
    assert hash(replace(CUBA_LIF, name="another")) != hash(CUBA_LIF)
