"""A result of a program is computed once for it, and for each of the other arguments."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neurodeploy.errors import DoesNotFitError
from neurodeploy.program import Program
from neurodeploy.program.ranges import ranges
from neurodeploy.program.remembered import remembered
from snncore.dynamics.arithmetic.interval import Interval
from tests.unit.programs import small


def test_a_result_is_kept_with_its_program_and_arguments() -> None:
    asked = []

    @remembered
    def size(program: Program, factor: int = 1) -> int:
        asked.append(factor)
        return factor * len(program.nodes)

    program = small()
    assert [size(program), size(program), size(program, 2), size(program, factor=2)] == [3, 3, 6, 6]
    assert asked == [1, 2, 2]
    assert size(replace(program)) == 3
    assert asked == [1, 2, 2, 1]


def test_an_error_is_raised_every_time() -> None:
    asked = []

    @remembered
    def refuse(program: Program) -> None:
        asked.append(program.output)
        raise DoesNotFitError("too large")

    program = small()
    for _ in range(2):
        with pytest.raises(DoesNotFitError):
            refuse(program)
    assert asked == ["n", "n"]


def test_a_program_stays_what_it_is() -> None:
    program, fresh = small(), small()
    text, digest = program.text(), program.sha256
    assert ranges(program) is ranges(program)
    assert ranges(program, Interval(0, 0)) is not ranges(program)
    assert (program, hash(program), repr(program)) == (fresh, hash(fresh), repr(fresh))
    assert (program.text(), program.sha256) == (text, digest)
